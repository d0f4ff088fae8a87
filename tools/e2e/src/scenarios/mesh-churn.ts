import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '@macula/testkit';
import { Crowd, inParallel } from '../crowd/crowd.js';
import { RelayMesh } from '../crowd/relay-mesh.js';
import { eventually, type RelayFigures } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const sizes = {
  usual: { agents: 80, seconds: 10, faultEverySeconds: 2 },
  full: { agents: 400, seconds: 180, faultEverySeconds: 5 },
};
const relayCount = 8;
const downMax = 2;
const processes = 4;
/** Relays that an agent knows. */
const relaysEach = 3;
/** Milliseconds between two joins, leaves or moves. */
const stepMs = 100;
/** Milliseconds in which everything must be in its place once nothing happens any more: 15 s until names of the lost are free, and pauses of 5 s. */
const settleMsMax = 45_000;
/** What a relay may have more than before the run, when nobody is left. */
const more = { descriptors: 8, residentMegabytes: 150 };

export const scenario: Scenario = {
  summary:
    '8 relays, 80 agents in 4 processes that join, leave and move for 10 s while relays are killed and started (--full: 400 agents, 3 minutes): then every name is reachable from every relay, and nothing is left at the end',
  seconds: 240,
  secondsFull: 900,
  isLong: true,
  isAlone: true,
  needsProc: true,
  drivers: ['local'],
  async run({ scene, seed, isFull, figure }) {
    const size = isFull ? sizes.full : sizes.usual;
    const mesh = await RelayMesh.start(scene, relayCount);
    const before = await mesh.figures();
    const crowds = Array.from({ length: processes }, (_, index) => new Crowd(scene, `crowd-${index + 1}`));
    const churn = new Churn({ mesh, crowds, random: new SeededRandom(seed), agents: size.agents });
    figure('seed', `${seed} (--seed)`);
    await churn.joinAll();
    await churn.run(size.seconds * 1000, size.faultEverySeconds * 1000);
    figure('happened', churn.summary);

    const endedMs = performance.now();
    await churn.startAll();
    await mesh.whole(settleMsMax);
    await churn.allConnected(settleMsMax);
    const probes = await joinProbes(mesh, crowds);
    await everyNameKnown(mesh, churn.present.length + probes.length);
    figure('settled', `after ${((performance.now() - endedMs) / 1000).toFixed(1)} s`);

    const wrong: string[] = [];
    let slowestMs = 0;
    const expected = [
      ...churn.present.map((name) => [name, 'ok'] as const),
      ...churn.absent.map((name) => [name, 'not_found'] as const),
    ];
    await inParallel(
      probes.flatMap((probe) => expected.map(([name, code]) => ({ ...probe, name, code }))),
      16,
      async ({ crowd, from, name, code }) => {
        const result = await crowd.reach(from, name);
        if (code === 'ok') slowestMs = Math.max(slowestMs, result.ms);
        if (result.code !== code)
          wrong.push(`${from} to ${name}: ${result.code} (${result.text}), not ${code}`);
      },
    );
    figure(
      'reached',
      `${churn.present.length} names from ${probes.length} relays, the slowest in ${slowestMs} ms; ${churn.absent.length} that left are not_found`,
    );
    assert.deepEqual(wrong, []);

    await Promise.all(probes.map(({ crowd, from }) => crowd.leave(from)));
    await churn.leaveAll();
    for (const metric of ['sessions', 'tunnels', 'opens_pending', 'hellos_unfinished'])
      await mesh.until(metric, (value) => value === 0, 10_000);
    // Names of agents that were lost stay reserved for a while, and accounts until their limits are whole again.
    await mesh.until('names_remote', (value) => value === 0, 75_000);
    // Each has the accounts of its peers, and no others.
    await mesh.until('limit_accounts', (value) => value === relayCount - 1, 75_000);
    figure('nothing left', `${((performance.now() - endedMs) / 1000).toFixed(1)} s after the last change`);
    const after = await mesh.figures();
    figure(
      'descriptors',
      ranges(before, after, ({ descriptors }) => descriptors),
    );
    figure(
      'resident MiB',
      ranges(before, after, ({ residentMegabytes }) => Math.round(residentMegabytes)),
    );
    assertWithin(before, after);
  },
};

interface ChurnParts {
  readonly mesh: RelayMesh;
  readonly crowds: readonly Crowd[];
  readonly random: SeededRandom;
  readonly agents: number;
}

/** Agents that come, go and move, and relays that are killed and started, as the seed says. */
class Churn {
  readonly #parts: ChurnParts;
  readonly #present = new Set<string>();
  readonly #absent = new Set<string>();
  /** What is under way with a name or a relay. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #counts = { joins: 0, leaves: 0, moves: 0, kills: 0, restarts: 0 };

  constructor(parts: ChurnParts) {
    this.#parts = parts;
    for (let index = 0; index < parts.agents; index++) this.#absent.add(`agent${index}@crowd.test`);
  }

  get present(): readonly string[] {
    return [...this.#present];
  }

  get absent(): readonly string[] {
    return [...this.#absent];
  }

  get summary(): string {
    return Object.entries(this.#counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ');
  }

  /** All join; those that are to be away leave later. */
  async joinAll(): Promise<void> {
    await inParallel(this.absent, 8, async (name) => {
      this.#absent.delete(name);
      this.#present.add(name);
      await this.#crowdOf(name).join(name, this.#someRelays());
    });
  }

  async run(forMs: number, faultEveryMs: number): Promise<void> {
    const startMs = performance.now();
    let faults = 0;
    for (let step = 1; step * stepMs <= forMs; step++) {
      await sleep(Math.max(0, startMs + step * stepMs - performance.now()));
      this.#step();
      if (step * stepMs < (faults + 1) * faultEveryMs) continue;
      faults++;
      this.#fault();
    }
    await Promise.all(this.#busy.values());
  }

  async startAll(): Promise<void> {
    for (const index of this.#parts.mesh.down) await this.#parts.mesh.restart(index);
  }

  /** Waits until each that is present has a relay. */
  async allConnected(timeoutMs: number): Promise<void> {
    await eventually(
      async () => {
        const all = (await Promise.all(this.#parts.crowds.map((crowd) => crowd.status()))).flat();
        const away = all.filter(({ relay }) => relay === null).map(({ name }) => name);
        if (away.length > 0) throw new Error(`no relay has ${away.slice(0, 5).join(', ')} (${away.length})`);
        return all.length === this.#present.size;
      },
      { what: 'a relay for each agent', timeoutMs },
    );
  }

  async leaveAll(): Promise<void> {
    await inParallel(this.present, 16, (name) => this.#crowdOf(name).leave(name));
    this.#present.clear();
  }

  /** A few of them are away at a time. */
  #step(): void {
    const { random, agents } = this.#parts;
    const chance = random.next();
    const isCrowded = this.#absent.size > agents / 8;
    if (chance < 0.3) this.#begin(this.#present, 'moves', (name) => this.#move(name));
    else if (chance < (isCrowded ? 0.45 : 0.7))
      this.#begin(this.#present, 'leaves', (name) => this.#leave(name));
    else this.#begin(this.#absent, 'joins', (name) => this.#join(name));
  }

  #begin(
    among: ReadonlySet<string>,
    what: 'joins' | 'leaves' | 'moves',
    run: (name: string) => Promise<void>,
  ): void {
    const free = [...among].filter((name) => !this.#busy.has(name));
    if (free.length === 0) return;
    const name = this.#parts.random.pick(free);
    this.#counts[what] += 1;
    this.#track(name, run(name));
  }

  #track(what: string, run: Promise<void>): void {
    const tracked = run.finally(() => this.#busy.delete(what));
    tracked.catch(() => {}); // `run` awaits it
    this.#busy.set(what, tracked);
  }

  async #join(name: string): Promise<void> {
    this.#absent.delete(name);
    this.#present.add(name);
    void this.#crowdOf(name).join(name, this.#someRelays());
  }

  async #leave(name: string): Promise<void> {
    this.#present.delete(name);
    await this.#crowdOf(name).leave(name);
    this.#absent.add(name);
  }

  async #move(name: string): Promise<void> {
    await this.#crowdOf(name).leave(name);
    void this.#crowdOf(name).join(name, this.#someRelays());
  }

  #fault(): void {
    const { mesh, random } = this.#parts;
    const idle = [...mesh.relays.keys()].filter((index) => !this.#busy.has(`relay ${index}`));
    const down = idle.filter((index) => mesh.down.has(index));
    const up = idle.filter((index) => !mesh.down.has(index));
    if (mesh.down.size < downMax && (down.length === 0 || random.chance(0.5))) {
      this.#counts.kills += 1;
      mesh.kill(random.pick(up));
    } else if (down.length > 0) {
      const index = random.pick(down);
      this.#counts.restarts += 1;
      this.#track(`relay ${index}`, mesh.restart(index));
    }
  }

  #someRelays(): readonly string[] {
    const { mesh, random } = this.#parts;
    return random.shuffle(mesh.urls).slice(0, relaysEach);
  }

  #crowdOf(name: string): Crowd {
    const index = Number(/\d+/.exec(name)![0]);
    return this.#parts.crowds[index % this.#parts.crowds.length]!;
  }
}

/** An agent at each relay that knows no other one. */
async function joinProbes(
  mesh: RelayMesh,
  crowds: readonly Crowd[],
): Promise<readonly { readonly crowd: Crowd; readonly from: string }[]> {
  const probes = mesh.urls.map((url, index) => {
    return { url, crowd: crowds[index % crowds.length]!, from: `probe${index + 1}@crowd.test` };
  });
  await Promise.all(probes.map(({ crowd, from, url }) => crowd.join(from, [url], 0)));
  return probes;
}

/** Waits until each relay knows who owns each name, its own ones included. */
async function everyNameKnown(mesh: RelayMesh, names: number): Promise<void> {
  await eventually(
    async () => {
      const known = (await mesh.figures()).map(({ metrics }) => {
        const [remote, sessions, standbys, superseded] = [
          'names_remote',
          'sessions',
          'sessions_standby',
          'sessions_superseded',
        ].map((name) => metrics.get(name) ?? Number.NaN);
        return { remote, sessions, standbys, superseded, all: remote! + sessions! - standbys! };
      });
      if (known.some(({ all }) => all !== names))
        throw new Error(`${names} names, and known are ${JSON.stringify(known)}`);
      return true;
    },
    { what: 'each name to be known everywhere', timeoutMs: settleMsMax },
  );
}

function ranges(
  before: readonly RelayFigures[],
  after: readonly RelayFigures[],
  of: (figures: RelayFigures) => number,
): string {
  const range = (all: readonly RelayFigures[]): string => all.map(of).join(' ');
  return `before ${range(before)}; after ${range(after)}`;
}

/** Relays were started again meanwhile, so each is compared with what one has at most before it has done anything. */
function assertWithin(before: readonly RelayFigures[], after: readonly RelayFigures[]): void {
  for (const key of ['descriptors', 'residentMegabytes'] as const) {
    const most = Math.max(...before.map((figures) => figures[key])) + more[key];
    for (const figures of after) assert.ok(figures[key] <= most, `${key}: ${figures[key]}, at most ${most}`);
  }
}
