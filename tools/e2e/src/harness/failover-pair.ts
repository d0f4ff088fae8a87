import assert from 'node:assert/strict';
import type { OtpNode } from './otp-node.js';
import type { Relay } from './relay.js';
import type { Scene } from './scene.js';

/** Two peered relays, and two linked nodes that know both; their links are watched. */
export class FailoverPair {
  readonly #scene: Scene;
  readonly a: OtpNode;
  readonly b: OtpNode;
  #relay1: Relay;
  #relay2: Relay;

  private constructor(scene: Scene, relays: readonly [Relay, Relay], nodes: readonly [OtpNode, OtpNode]) {
    this.#scene = scene;
    [this.#relay1, this.#relay2] = relays;
    [this.a, this.b] = nodes;
  }

  static async start(scene: Scene): Promise<FailoverPair> {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const relays = [relay1.url, relay2.url];
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', relays }),
      scene.node({ name: 'b@two.test', relays }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    await b.eval('macula_e2e:start_server(e2e_server)');
    for (const node of [a, b]) await node.eval('macula_e2e_mesh:watch()');
    return new FailoverPair(scene, [relay1, relay2], [a, b]);
  }

  /** The first relay of both lists. */
  get relay1(): Relay {
    return this.#relay1;
  }

  get relay2(): Relay {
    return this.#relay2;
  }

  /** The relay that a's tunnel begins at. */
  async usedRelay(): Promise<Relay> {
    const url = await this.a.eval('hd([R || {_, #{relay := R}} <- macula_dist_relay:get_tunnel_metrics()])');
    return url.includes(new URL(this.#relay2.url).host) ? this.#relay2 : this.#relay1;
  }

  /** Starts a relay that has ended once more, where it was. */
  async restart(relay: Relay): Promise<void> {
    const { label, host, port, data } = relay;
    const peers = relay === this.#relay2 ? [this.#relay1.url] : [];
    const again = await this.#scene.relay({ label, host, port, data, peers });
    if (relay === this.#relay1) this.#relay1 = again;
    else this.#relay2 = again;
  }

  /** No node has seen the other one go down. */
  async assertNothingLost(): Promise<void> {
    for (const node of [this.a, this.b])
      await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
  }
}

/** Ends the node's numbered calls; answers how long the longest took, milliseconds. */
export async function longestCallMs(node: OtpNode): Promise<number> {
  const said = await node.eval('macula_e2e_resume:stop_calls()');
  const [, calls, ms] = /^{(\d+),([\d.e+-]+)}$/.exec(said) ?? [];
  assert.ok(Number(calls) > 0, said);
  return Number(ms);
}
