import type { Identity } from '@macula/crypto';
import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { expect, it } from 'vitest';
import { SimOwners, type SimSession } from '../testing/sim-owners.js';
import { type SimWatcher, SimWatchers } from '../testing/sim-watchers.js';

const command = 'npx vitest run --project unit apps/relay/src/routing/presence-model.test.ts';
const realms = ['r', 's'];

it('whatever happens to agents, peerings and relays: in the end every watcher knows who is there, and was told of each coming and going once', () => {
  for (const seed of seedsOf(process.env, 30)) withReplayHint(seed, command, () => new Model(seed).run());
}, 120_000);

interface Agent {
  readonly identity: Identity;
  readonly realm: string;
  readonly names: readonly string[];
  bootId: Uint8Array;
  sessionSeq: number;
  session: SimSession | undefined;
  standby: SimSession | undefined;
}

interface Line {
  readonly a: string;
  readonly b: string;
  cut: (() => void) | undefined;
}

/** The watchers' own reading checks that nothing joins or leaves twice; see SimWatchers. */
class Model {
  readonly #random: SeededRandom;
  readonly #mesh: SimOwners;
  readonly #watchers: SimWatchers;
  readonly #agents: readonly Agent[];
  readonly #lines: Line[] = [];
  readonly #watching = new Map<SimSession, SimWatcher>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    const relays = ['A', 'B', 'C', 'D'].slice(0, 2 + this.#random.integer(3));
    this.#mesh = new SimOwners(seed, relays);
    this.#watchers = new SimWatchers(this.#mesh);
    for (const [index, b] of relays.entries()) {
      const parent = index === 0 ? undefined : relays[this.#random.integer(index)]!;
      for (const a of relays.slice(0, index))
        if (a === parent || this.#random.chance(0.4)) this.#lines.push({ a, b, cut: undefined });
    }
    this.#agents = Array.from({ length: 8 }, (_, index) => ({
      identity: this.#mesh.identity(),
      realm: this.#random.pick(realms),
      names: [`a${index}@x`, `b${index}@x`].slice(this.#random.integer(2)),
      bootId: this.#random.bytes(16),
      sessionSeq: 0,
      session: undefined,
      standby: undefined,
    }));
  }

  run(): void {
    for (const line of this.#lines) this.#join(line);
    this.#mesh.advance(2000);
    for (let step = 0; step < 100; step++) {
      this.#step();
      this.#mesh.run(this.#random.integer(8));
      if (this.#random.chance(0.6)) this.#mesh.advance(this.#random.integer(10) * 250);
      this.#forgetEnded();
    }
    for (const line of this.#lines) this.#rejoin(line);
    for (const agent of this.#agents) if (agent.session === undefined) this.#begin(agent);
    for (const { session } of this.#agents) if (session?.state === 'up') this.#watch(session);
    for (const watcher of this.#watching.values()) watcher.isReading = true;
    this.#mesh.advance(60_000);
    this.#forgetEnded();
    this.#check();
  }

  #step(): void {
    const random = this.#random;
    const agent = random.pick(this.#agents);
    const line = random.pick(this.#lines);
    const steps: (() => void)[] = [
      () => this.#begin(agent),
      () => this.#begin(agent),
      () => this.#begin(agent),
      () => this.#end(agent, 'goodbye'),
      () => this.#end(agent, 'lost'),
      () => this.#standBy(agent),
      () => this.#promote(agent),
      () => this.#promote(agent),
      () => this.#changeNames(agent),
      () => agent.session && this.#watch(agent.session),
      () => agent.session && this.#watch(agent.session),
      () => {
        if (agent.session !== undefined) agent.session.isAnswering = random.chance(0.5);
      },
      () => {
        const watcher = agent.session && this.#watching.get(agent.session);
        if (watcher !== undefined) watcher.isReading = random.chance(0.5);
      },
      () => line.cut?.(),
      () => this.#rejoin(line),
      () => {
        if (random.chance(0.5)) this.#restart(random.pick(this.#mesh.relays).name);
      },
      () => this.#mesh.advance(random.integer(25) * 1000),
    ];
    random.pick(steps)();
  }

  #watch(session: SimSession): void {
    if (session.state === 'up') this.#watching.set(session, this.#watchers.watch(session));
  }

  #begin(agent: Agent): void {
    if (this.#random.chance(0.3)) agent.bootId = this.#random.bytes(16);
    agent.sessionSeq++;
    const { identity, bootId, sessionSeq, realm, names } = agent;
    const relay = this.#random.pick(this.#mesh.relays).name;
    agent.session = this.#mesh.session(relay, { identity, bootId, sessionSeq, realm, names });
  }

  #standBy(agent: Agent): void {
    const { identity, bootId, session, realm } = agent;
    if (session === undefined || agent.standby !== undefined) return;
    const others = this.#mesh.relays.filter((relay) => relay !== session.relay);
    const sessionSeq = ++agent.sessionSeq;
    const of = { identity, bootId, sessionSeq, realm, names: session.claim.names, isStandby: true };
    agent.standby = this.#mesh.session(this.#random.pick(others).name, of);
  }

  #promote(agent: Agent): void {
    const { session, standby } = agent;
    if (standby?.state !== 'up' || standby.isSuperseded) return;
    if (!Buffer.from(standby.bootId).equals(agent.bootId)) return;
    if (session !== undefined && this.#random.chance(0.5)) this.#mesh.end(session, 'lost');
    this.#mesh.promote(standby, ++agent.sessionSeq);
    agent.session = standby;
    agent.standby = undefined;
  }

  #changeNames({ session, names }: Agent): void {
    if (session?.state !== 'up' || session.isSuperseded) return;
    const some = names.filter(() => this.#random.chance(0.5));
    this.#mesh.changeNames(
      session,
      this.#random.chance(0.5) ? { add: some, remove: [] } : { add: [], remove: some },
    );
  }

  #end(agent: Agent, ending: 'goodbye' | 'lost'): void {
    if (agent.session !== undefined) this.#mesh.end(agent.session, ending);
    agent.session = undefined;
  }

  #forgetEnded(): void {
    for (const agent of this.#agents) {
      if (agent.session?.state === 'over') agent.session = undefined;
      if (agent.standby?.state === 'over') agent.standby = undefined;
    }
    for (const session of this.#watching.keys())
      if (session.state === 'over' || session.isSuperseded) this.#watching.delete(session);
  }

  #join(line: Line): void {
    const { cut, darken } = this.#mesh.peer(line.a, line.b);
    let isDark = !this.#random.chance(0.3);
    line.cut = () => {
      if (isDark) {
        cut();
        line.cut = undefined;
      } else darken();
      isDark = true;
    };
  }

  #rejoin(line: Line): void {
    while (line.cut !== undefined) line.cut();
    this.#join(line);
  }

  #restart(name: string): void {
    this.#mesh.restart(name);
    for (const line of this.#lines) if (line.a === name || line.b === name) this.#rejoin(line);
  }

  #check(): void {
    for (const realm of realms) {
      const truth = this.#mesh
        .sessions()
        .filter(
          ({ claim, isAnswering, isSuperseded }) => claim.realm === realm && isAnswering && !isSuperseded,
        )
        .filter(({ relay, link }) => !relay.router.isStandby(link))
        .flatMap(({ relay, link }) => relay.router.namesOf(link))
        .sort();
      for (const relay of this.#mesh.relays)
        expect(this.#watchers.presence(relay).nodes(realm, this.#mesh.nowMs), relay.name).toEqual(truth);
      const here = [...this.#watching].filter(([{ claim }]) => claim.realm === realm);
      for (const [{ relay }, { picture }] of here) expect([...picture!].sort(), relay.name).toEqual(truth);
    }
    expect(this.#watching.size).toBeGreaterThan(0);
  }
}
