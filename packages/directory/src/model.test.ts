import { expect, it } from 'vitest';
import { hashOf, Mesh, withSeeds } from '../test/mesh.js';
import type { OwnName } from './index.js';

const names = Array.from({ length: 40 }, (_, index) => `name ${index}`);
const identities = ['x', 'y'].map((text) => hashOf(`identity ${text}`, 32));

/** Which relay has what published, as the relays' own sessions would have it. */
class Model {
  readonly mesh: Mesh;
  /** By relay: its names. */
  readonly published = new Map<string, Map<string, OwnName>>();
  #next = 0;
  #seq = 0;
  #halves: readonly (readonly string[])[] = [];
  #eventsSeen = 0;

  constructor(seed: number, relays: number) {
    this.mesh = new Mesh(seed, { loss: 0.05, duplication: 0.02, jitterMs: 40 });
    for (let index = 0; index < relays; index++) this.start();
  }

  /** A new relay, or the next life of one that was killed; each hears of it at a time of its own. */
  start(id = `r${this.#next++}`): void {
    this.mesh.start(id);
    this.published.set(id, new Map());
    for (const other of this.mesh.relays.keys()) {
      if (other === id) continue;
      this.#hear(other, id, 2_000);
      this.#hear(id, other, 2_000);
    }
  }

  kill(id: string): void {
    this.mesh.kill(id);
    this.published.delete(id);
    for (const other of this.mesh.relays.keys()) this.#hear(other, id, 12_000);
  }

  partition(halves: readonly (readonly string[])[]): void {
    this.#halves = halves;
    this.mesh.network.partition(...halves);
    this.#hearAll(12_000);
  }

  heal(): void {
    this.#halves = [];
    this.mesh.network.heal();
    this.#hearAll(20_000);
  }

  /** A session of the identity comes to a relay; an earlier one elsewhere doesn't know. */
  publish(id: string, name: string): void {
    const identity = this.mesh.random.pick(identities);
    const sinceMs = 1 + this.mesh.random.integer(5);
    const own = { element: hashOf(name), identity, bootId: hashOf(id), sessionSeq: ++this.#seq, sinceMs };
    this.published.get(id)!.set(name, own);
    this.mesh.publish(id, own);
  }

  withdraw(id: string, name: string): void {
    this.published.get(id)?.delete(name);
    this.mesh.withdraw(id, hashOf(name));
  }

  advance(ms: number): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.mesh.clock.advance(50);
      for (const event of this.mesh.events.slice(this.#eventsSeen)) {
        if (event.kind !== 'lost') continue;
        const name = names.find((one) => Buffer.from(hashOf(one)).equals(event.element))!;
        this.withdraw(event.at, name);
      }
      this.#eventsSeen = this.mesh.events.length;
    }
  }

  /** Where a name is published. */
  at(name: string): string[] {
    return [...this.published].flatMap(([id, own]) => (own.has(name) ? [id] : []));
  }

  #hearAll(withinMs: number): void {
    for (const one of this.mesh.relays.keys())
      for (const other of this.mesh.relays.keys()) if (one !== other) this.#hear(one, other, withinMs);
  }

  /** What a membership would say then: the truth, as far as it reaches. */
  #hear(id: string, about: string, withinMs: number): void {
    this.mesh.clock.schedule(this.mesh.random.integer(withinMs), () => {
      const halfOf = (relay: string) => this.#halves.findIndex((half) => half.includes(relay));
      const isThere = this.mesh.relays.has(about) && halfOf(id) === halfOf(about);
      if (isThere) this.mesh.learn(id, about);
      else this.mesh.unlearn(id, about);
    });
  }
}

function step(model: Model): void {
  const { random, relays } = model.mesh;
  const ids = [...relays.keys()];
  const id = random.pick(ids);
  const dice = random.next();
  if (dice < 0.55) model.publish(id, random.pick(names));
  else if (dice < 0.8) {
    const own = [...(model.published.get(id)?.keys() ?? [])];
    if (own.length > 0) model.withdraw(id, random.pick(own));
  } else if (dice < 0.86 && ids.length > 3) model.kill(id);
  else if (dice < 0.9 && ids.length > 3) {
    model.kill(id);
    model.start(id); // before anybody notices
  } else if (dice < 0.96 && ids.length < 10) model.start();
  else if (dice < 0.98) {
    const shuffled = random.shuffle(ids);
    const half = Math.ceil(ids.length / 2);
    model.partition([shuffled.slice(0, half), shuffled.slice(half)]);
  } else model.heal();
}

it('D21: names come, move and go, relays too, with 5 % loss and partitions: when all is quiet each name is found from everywhere, and nothing else', () => {
  withSeeds(12, (seed) => {
    const model = new Model(seed, 5);
    const { mesh } = model;
    for (let steps = 0; steps < 200; steps++) {
      step(model);
      model.advance(50 * (1 + mesh.random.integer(40)));
    }
    model.heal();
    model.advance(120_000);
    const relays = [...mesh.relays.keys()];
    mesh.events.length = 0;
    for (const id of relays)
      mesh.act(id, (relay) => {
        for (const name of names) relay.lookup(hashOf(name), mesh.clock.nowMs);
      });
    mesh.clock.advance(3_500);
    let found = 0;
    for (const name of names) {
      const there = model.at(name);
      expect(there.length, `${name} is published at ${there}`).toBeLessThanOrEqual(1);
      found += there.length;
      for (const id of relays) {
        const [answer, ...more] = mesh.answers(id, hashOf(name));
        expect(more).toEqual([]);
        expect([id, name, answer?.outcome, answer?.record?.relay]).toEqual([
          id,
          name,
          there.length > 0 ? 'found' : 'absent',
          there[0],
        ]);
      }
    }
    expect(found).toBeGreaterThan(0);
    // Owners keep what they should of the relays that are there, and nobody else does.
    for (const id of relays)
      for (const origin of relays) {
        const owned = [...model.published.get(origin)!.keys()].filter((name) =>
          mesh.ownersOf(hashOf(name)).includes(id),
        );
        expect([id, origin, mesh.relay(id).keptOf(origin)]).toEqual([id, origin, owned.length]);
      }
  });
});
