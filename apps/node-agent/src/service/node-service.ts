import type { WireCode } from '@macula/wire';
import type { ChannelEnd, ControlChannel } from '../control/control-channel.js';
import { ControlError } from '../control/control-error.js';
import { controlProtocol } from '../control/encode.js';
import type { AgentEvent, AgentMessage, BeamMessage } from '../control/messages.js';
import { endMsMax, helloTimeoutMs } from '../limits.js';
import { cleanUpAfterBeam, sweepStaleSockets } from '../local/beam-socket.js';
import { LocalServer } from '../local/local-server.js';
import { type Log, logFunction } from '../log.js';
import type { Settings } from '../settings.js';
import { EventReporter } from './events.js';
import type { OpenMesh } from './mesh-port.js';
import type { IdentityLoader, NodeWork } from './node-work.js';

/** What a {@link NodeService} works with. */
export interface NodeServiceOptions {
  readonly channel: ControlChannel;
  readonly openMesh: OpenMesh;
  /** Default: the identity store. */
  readonly loadIdentity?: IdentityLoader;
  readonly settings: Pick<Settings, 'localSockets' | 'tunnels'>;
  readonly environment: NodeJS.ProcessEnv;
  readonly agentVersion: string;
  readonly log: Log;
}

/** How a service ended. */
export type ServiceEnd = ChannelEnd | { readonly kind: 'failed'; readonly error: unknown };

/**
 * The life of one BEAM's control channel: greeting, heartbeat, end. What a greeted BEAM asks for is {@link NodeWork}'s.
 *
 * States: new → greeted (hello came; it is answered once the local socket is bound) → ending (the channel ended, `end` was called, or
 * something failed) → ended, when every tunnel was told so, at most 2.2 s later, and no socket, file or timer is left.
 */
export class NodeService {
  readonly #options: NodeServiceOptions;
  readonly #events: EventReporter;
  readonly #helloTimer: NodeJS.Timeout;
  readonly #ended: Promise<ServiceEnd>;
  #resolveEnded: (end: ServiceEnd) => void = () => undefined;
  #state: 'new' | 'greeted' | 'ending' = 'new';
  #server: Promise<LocalServer> | undefined;
  #work: NodeWork | undefined;
  /** Came before the work was ready. */
  #early: BeamMessage[] = [];

  constructor(options: NodeServiceOptions) {
    this.#options = options;
    this.#events = new EventReporter((event) => this.#emit(event));
    this.#helloTimer = setTimeout(() => {
      options.channel.fail(new ControlError('bad_order', `no hello within ${helloTimeoutMs} ms`));
    }, helloTimeoutMs);
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Serves the channel; resolves when the service has ended. Never rejects. */
  run(): Promise<ServiceEnd> {
    this.#options.channel.start({
      onMessage: (message) => this.#handleMessage(message),
      onEnd: (end) => void this.#finish(end, 'beam_closed'),
    });
    return this.#ended;
  }

  /** Ends the service because the agent ends; resolves when it has ended. */
  async end(): Promise<void> {
    void this.#finish({ kind: 'closed' }, 'agent_stopped');
    await this.#ended;
  }

  #handleMessage(message: BeamMessage): void {
    if (message.kind === 'unknown') return;
    if (message.kind === 'hello') {
      this.#handleHello(message);
    } else if (this.#state === 'new') {
      throw new ControlError('bad_order', `${message.kind} before hello`);
    } else if (message.kind === 'ping') {
      this.#send({ kind: 'pong', number: message.number });
    } else if (this.#work === undefined) {
      this.#early.push(message);
    } else {
      this.#work.handleMessage(message);
    }
  }

  #handleHello(hello: Extract<BeamMessage, { kind: 'hello' }>): void {
    if (this.#state !== 'new') throw new ControlError('bad_order', 'a second hello');
    if (hello.protocol !== controlProtocol)
      throw new ControlError(
        'bad_message',
        `the node speaks protocol ${hello.protocol}, this agent ${controlProtocol}; update the older of macula (Erlang) and @macula/node-agent`,
      );
    this.#state = 'greeted';
    clearTimeout(this.#helloTimer);
    const { appVersion, otpRelease, osPid } = hello;
    this.#options.log.info({ appVersion, otpRelease, osPid }, 'node connected');
    void this.#begin(hello.netTicktime);
  }

  async #begin(netTicktime: number): Promise<void> {
    const { channel, settings, openMesh, loadIdentity, environment, agentVersion } = this.#options;
    try {
      this.#server = LocalServer.listen({ sockets: settings.localSockets, environment });
      const server = await this.#server;
      this.#send({ kind: 'hello', agentVersion, osPid: process.pid, address: server.address });
      void sweepStaleSockets(environment);
      const { NodeWork } = await import('./node-work.js');
      if (this.#state === 'ending') return;
      this.#work = new NodeWork({
        send: (message) => this.#send(message),
        events: this.#events,
        server,
        openMesh,
        loadIdentity,
        environment,
        tunnelSettings: settings.tunnels,
        agentVersion,
        netTicktime,
      });
    } catch (error) {
      this.#events.report('agent_failed', 'error', `the agent can't serve this node: ${String(error)}`);
      void this.#finish({ kind: 'failed', error }, 'agent_stopped');
      return;
    }
    channel.deliver(this.#early.splice(0));
  }

  #emit(event: AgentEvent): void {
    const { log } = this.#options;
    log[logFunction(event.level)]({ event: event.event }, event.text);
    this.#send(event);
  }

  #send(message: AgentMessage): void {
    this.#options.channel.send(message);
  }

  async #finish(end: ServiceEnd, code: WireCode): Promise<void> {
    if (this.#state === 'ending') return;
    this.#state = 'ending';
    clearTimeout(this.#helloTimer);
    const { channel, log } = this.#options;
    if (end.kind === 'malformed') log.warn({ code: end.error.code }, end.error.message);
    const work = this.#work;
    // a BEAM that was killed while the agent started has said where it listened, too
    const early = this.#early.findLast(
      (message) => message.kind === 'listening' || message.kind === 'not_listening',
    );
    const listener = work?.listener ?? (early?.kind === 'listening' ? early : undefined);
    await within(endMsMax, [
      work?.end(code),
      this.#server?.then((server) => server.close()),
      end.kind === 'eof' ? cleanUpAfterBeam(listener?.address) : undefined,
    ]);
    work?.abandon();
    await channel.close();
    log.info({ why: end.kind }, 'node disconnected');
    this.#resolveEnded(end);
  }
}

/** Waits for all, failed or not, but not longer than that. */
async function within(
  milliseconds: number,
  promises: readonly (Promise<unknown> | undefined)[],
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([Promise.allSettled(promises), late]);
  clearTimeout(timer);
}
