import type { Identity } from '@macula/crypto';
import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { expect, it } from 'vitest';
import { SimOwners, type SimSession } from '../testing/sim-owners.js';

const command = 'npx vitest run --project unit apps/relay/src/ownership';
const names = ['a@x', 'b@x', 'c@x'];
/** What may be known of a session at another relay after it has ended: 15 s for the relay's silence, 15 s of reservation. */
const staleMsMax = 31_000;

it('whatever happens to agents, peerings and relays: in the end each name has one owner, the right one, and every refusal had a reason', () => {
  for (const seed of seedsOf(process.env, 40)) withReplayHint(seed, command, () => new Model(seed).run());
}, 120_000);

interface Agent {
  readonly identity: Identity;
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

class Model {
  readonly #random: SeededRandom;
  readonly #mesh: SimOwners;
  readonly #agents: readonly Agent[];
  readonly #lines: Line[] = [];
  /** Every session there ever was. */
  readonly #history: SimSession[] = [];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    const relays = ['A', 'B', 'C', 'D', 'E'].slice(0, 2 + this.#random.integer(4));
    this.#mesh = new SimOwners(seed, relays);
    for (const [index, b] of relays.entries()) {
      // A tree, so that all are connected, and some more.
      const parent = index === 0 ? undefined : relays[this.#random.integer(index)]!;
      for (const a of relays.slice(0, index))
        if (a === parent || this.#random.chance(0.4)) this.#lines.push({ a, b, cut: undefined });
    }
    this.#agents = Array.from({ length: 5 }, () => ({
      identity: this.#mesh.identity(),
      bootId: this.#random.bytes(16),
      sessionSeq: 0,
      session: undefined,
      standby: undefined,
    }));
  }

  run(): void {
    for (const line of this.#lines) this.#join(line);
    this.#mesh.advance(2000);
    for (let step = 0; step < 60; step++) {
      this.#step();
      this.#mesh.run(this.#random.integer(8));
      if (this.#random.chance(0.5)) this.#mesh.advance(this.#random.integer(10) * 250);
      this.#noteEnded();
    }
    for (const line of this.#lines) this.#rejoin(line);
    this.#mesh.advance(40_000);
    this.#noteEnded();
    this.#checkQuiet();
    this.#checkReasons();
    this.#checkTakeover();
  }

  #step(): void {
    const random = this.#random;
    const agent = random.pick(this.#agents);
    const line = random.pick(this.#lines);
    const steps: (() => void)[] = [
      () => this.#begin(agent),
      () => this.#begin(agent),
      () => this.#begin(agent),
      () => this.#begin(agent),
      () => this.#end(agent, 'goodbye'),
      () => this.#end(agent, 'lost'),
      () => this.#standBy(agent),
      () => this.#standBy(agent),
      () => this.#promote(agent),
      () => this.#promote(agent),
      () => {
        if (agent.session !== undefined) agent.session.isAnswering = random.chance(0.3);
      },
      () => line.cut?.(),
      () => this.#rejoin(line),
      () => {
        if (random.chance(0.3)) this.#restart(random.pick(this.#mesh.relays).name);
      },
      () => this.#mesh.advance(random.chance(0.2) ? 70_000 : random.integer(20) * 1000),
    ];
    random.pick(steps)();
  }

  #begin(agent: Agent): void {
    if (this.#random.chance(0.3)) agent.bootId = this.#random.bytes(16);
    agent.sessionSeq++;
    const { identity, bootId, sessionSeq } = agent;
    const wanted = names.filter(() => this.#random.chance(0.5));
    const relay = this.#random.pick(this.#mesh.relays).name;
    agent.session = this.#mesh.session(relay, { identity, bootId, sessionSeq, names: wanted });
    this.#history.push(agent.session);
  }

  #standBy(agent: Agent): void {
    const { identity, bootId, session } = agent;
    if (session === undefined || agent.standby !== undefined) return;
    const others = this.#mesh.relays.filter((relay) => relay !== session.relay);
    const sessionSeq = ++agent.sessionSeq;
    const of = { identity, bootId, sessionSeq, names: session.claim.names, isStandby: true };
    agent.standby = this.#mesh.session(this.#random.pick(others).name, of);
    this.#history.push(agent.standby);
  }

  /** What an agent does when it loses its session, or doubts it. */
  #promote(agent: Agent): void {
    const { session, standby } = agent;
    if (standby?.state !== 'up' || standby.isSuperseded || !bytesEqual(standby.bootId, agent.bootId)) return;
    if (session !== undefined && this.#random.chance(0.5)) this.#mesh.end(session, 'lost');
    this.#mesh.promote(standby, ++agent.sessionSeq);
    agent.session = standby;
    agent.standby = undefined;
  }

  #end(agent: Agent, ending: 'goodbye' | 'lost'): void {
    if (agent.session !== undefined) this.#mesh.end(agent.session, ending);
    agent.session = undefined;
  }

  #noteEnded(): void {
    for (const agent of this.#agents) {
      if (agent.session?.state === 'over') agent.session = undefined;
      if (agent.standby?.state === 'over') agent.standby = undefined;
    }
  }

  #join(line: Line): void {
    const { cut, darken } = this.#mesh.peer(line.a, line.b);
    // Some peerings swallow everything before they are known to be broken.
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

  #checkQuiet(): void {
    const sessions = this.#mesh.sessions();
    for (const name of names) expect(this.#mesh.owners(name).length, name).toBeLessThanOrEqual(1);
    for (const { relay, link, claim, isSuperseded } of sessions)
      expect([...relay.router.namesOf(link)].sort()).toEqual(isSuperseded ? [] : [...claim.names].sort());
    for (const relay of this.#mesh.relays) {
      const elsewhere = sessions.filter((session) => session.relay !== relay && session.isAnswering);
      const owned = elsewhere
        .filter((session) => !session.relay.router.isStandby(session.link))
        .flatMap((session) => session.relay.router.namesOf(session.link));
      expect(relay.ownership.remoteNames, relay.name).toBe(owned.length);
    }
  }

  #checkReasons(): void {
    for (const session of this.#history) {
      if (session.code === undefined) continue;
      const others = this.#history.filter(
        (other) => other !== session && other.claim.names.some((name) => session.claim.names.includes(name)),
      );
      const isSame = (other: SimSession): boolean => other.identity === session.identity;
      const wasThere = (other: SimSession): boolean =>
        other.startedMs <= session.endedMs! &&
        (other.endedMs ?? Number.POSITIVE_INFINITY) >= session.endedMs! - staleMsMax;
      const reasons: Partial<Record<string, () => boolean>> = {
        name_taken: () => others.some((other) => !isSame(other) && wasThere(other)),
        replaced: () =>
          others.some(
            (other) =>
              other.startedMs <= session.endedMs! &&
              (!isSame(other) || isNewer(other, session) || isInTheWay(other, session)),
          ),
        // Counted per identity, whatever the names.
        identity_conflict: () =>
          this.#history.filter((other) => isSame(other) && other !== session).length >= 3,
      };
      expect(reasons[session.code]?.(), `${session.code} of ${session.sessionSeq}`).toBe(true);
    }
  }

  /** Nobody else gets a name that lives, at any relay; its own identity does, at any relay. */
  #checkTakeover(): void {
    for (const name of names) {
      const [owner] = this.#mesh.owners(name);
      if (owner === undefined || !owner.isAnswering) continue;
      for (const relay of this.#mesh.relays) {
        const thief = { identity: this.#mesh.identity(), sessionSeq: 1e9, names: [name] };
        expect(this.#mesh.session(relay.name, thief).code).toBe('name_taken');
      }
      const relay = this.#random.pick(this.#mesh.relays).name;
      const { identity, bootId } = owner;
      const back = this.#mesh.session(relay, { identity, bootId, sessionSeq: 1e9, names: [name] });
      expect(back.state).toBe('up');
      this.#mesh.run();
      expect(this.#mesh.owners(name)).toEqual([back]);
      this.#mesh.end(back, 'goodbye');
      this.#mesh.run();
    }
  }
}

/** Whatever their numbers, a standby takes no name from another process. */
function isInTheWay(other: SimSession, session: SimSession): boolean {
  return session.claim.standby === true && !bytesEqual(other.bootId, session.bootId);
}

function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}

function isNewer(a: SimSession, b: SimSession): boolean {
  return a.sessionSeq > b.sessionSeq;
}
