import dgram from 'node:dgram';
import { once } from 'node:events';
import type { SocketAddress } from '@macula/transport';

/** One dialer's socket and the port it has at the outside. */
interface Flow {
  outside: dgram.Socket;
  isBlocked: boolean;
}

/** A NAT in front of one listener, on loopback: each dialer's socket gets a port of its own, which may change. */
export class Nat {
  /** What dialers dial. */
  readonly address: SocketAddress;
  readonly #inside: dgram.Socket;
  readonly #target: SocketAddress;
  readonly #flows = new Map<string, Flow>();
  readonly #opening = new Map<string, Promise<Flow>>();
  /** Kept open so that no later one gets the same port, which would be no change. */
  readonly #formerOutsides: dgram.Socket[] = [];

  private constructor(inside: dgram.Socket, target: SocketAddress) {
    this.#inside = inside;
    this.#target = target;
    this.address = { host: '127.0.0.1', port: inside.address().port };
    inside.on('message', (packet, from) => void this.#handleInside(packet, from));
  }

  static async open(target: SocketAddress): Promise<Nat> {
    return new Nat(await bind(), target);
  }

  /** Every flow gets another port. */
  async rebind(): Promise<void> {
    for (const [key, flow] of this.#flows) {
      const former = flow.outside;
      flow.outside = await this.#bindOutside(key, flow);
      former.removeAllListeners('message');
      this.#formerOutsides.push(former);
    }
  }

  /** Nothing of the flows there are passes any more; new ones do. */
  block(): void {
    for (const flow of this.#flows.values()) flow.isBlocked = true;
  }

  close(): void {
    this.#inside.close();
    for (const { outside } of this.#flows.values()) outside.close();
    for (const outside of this.#formerOutsides) outside.close();
  }

  async #handleInside(packet: Buffer, from: dgram.RemoteInfo): Promise<void> {
    const key = `${from.address} ${from.port}`;
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      const opening = this.#opening.get(key) ?? this.#openFlow(key);
      this.#opening.set(key, opening);
      flow = await opening;
    }
    if (!flow.isBlocked) flow.outside.send(packet, this.#target.port, this.#target.host);
  }

  async #openFlow(key: string): Promise<Flow> {
    const flow = { isBlocked: false } as Flow;
    flow.outside = await this.#bindOutside(key, flow);
    this.#flows.set(key, flow);
    this.#opening.delete(key);
    return flow;
  }

  async #bindOutside(key: string, flow: Flow): Promise<dgram.Socket> {
    const [host, port] = key.split(' ') as [string, string];
    const outside = await bind();
    outside.on('message', (packet) => {
      if (!flow.isBlocked) this.#inside.send(packet, Number(port), host);
    });
    return outside;
  }
}

async function bind(): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
