import { freePorts } from '../harness/free-ports.js';
import { eventually } from '../harness/poll.js';
import type { Relay } from '../harness/relay.js';
import { type RelayFigures, relayFigures } from '../harness/relay-figures.js';
import type { Scene } from '../harness/scene.js';

/** Relays that all peer with each other, killed and started again where they were. */
export class RelayMesh {
  readonly #scene: Scene;
  readonly #urls: readonly string[];
  readonly #relays: Relay[];
  readonly #down = new Set<number>();

  private constructor(scene: Scene, urls: readonly string[], relays: Relay[]) {
    this.#scene = scene;
    this.#urls = urls;
    this.#relays = relays;
  }

  /** Starts so many; resolves when each has all others for peers. */
  static async start(scene: Scene, count: number): Promise<RelayMesh> {
    const ports = await freePorts(count);
    const urls = ports.map((port) => `https://127.0.0.1:${port}`);
    const relays = await Promise.all(
      ports.map((port, index) =>
        scene.relay({ label: `relay-${index + 1}`, port, peers: urls.filter((_, other) => other !== index) }),
      ),
    );
    const mesh = new RelayMesh(scene, urls, relays);
    await mesh.whole(30_000);
    return mesh;
  }

  /** Of all, in the same order for ever. */
  get urls(): readonly string[] {
    return this.#urls;
  }

  /** All, also those that are down. */
  get relays(): readonly Relay[] {
    return this.#relays;
  }

  /** Those that are down. */
  get down(): ReadonlySet<number> {
    return this.#down;
  }

  /** kill -9 of a relay and its worker. */
  kill(index: number): void {
    this.#down.add(index);
    this.#relays[index]!.process.killNow();
  }

  /** Starts one again with its port, key and peers. */
  async restart(index: number): Promise<void> {
    const { label, host, port, data } = this.#relays[index]!;
    const peers = this.#urls.filter((_, other) => other !== index);
    await this.#relays[index]!.process.ended;
    this.#relays[index] = await this.#scene.relay({ label, host, port, data, peers });
    this.#down.delete(index);
  }

  /** Waits until each has all others for peers. */
  async whole(timeoutMs: number): Promise<void> {
    const wanted = this.#relays.length - 1;
    await this.until('peers', (value) => value === wanted, timeoutMs);
  }

  /** Waits until a figure is right at every relay. */
  async until(
    metric: string,
    isRight: (value: number | undefined) => boolean,
    timeoutMs: number,
  ): Promise<void> {
    await eventually(
      async () => {
        const values = (await this.figures()).map(({ metrics }) => metrics.get(metric));
        if (!values.every(isRight)) throw new Error(`${metric} is ${values.join(', ')}`);
        return true;
      },
      { what: metric, timeoutMs, intervalMs: 200 },
    );
  }

  figures(): Promise<RelayFigures[]> {
    return Promise.all(this.#relays.map((relay) => relayFigures(relay)));
  }
}
