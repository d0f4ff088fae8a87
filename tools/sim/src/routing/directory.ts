import { messageBytes, ownersPerName, Rendezvous, refreshMs } from '@macula/directory';
import { DirectoryMesh } from './directory-mesh.js';
import { type Move, quantile, type RoutingRun, type World } from './world.js';

/** What a directory comes to. */
export interface DirectoryResult {
  /** Names with which it was run; figures for all are multiples where there are more. */
  readonly simulatedNames: number;
  /** Sent by each relay per minute: records to owners with their answers, lookups, and whether owners still hold everything. */
  readonly bytesPerMinute: number;
  readonly recordBytesPerMinute: number;
  readonly lookupBytesPerMinute: number;
  readonly checkBytesPerMinute: number;
  /** Records that a relay keeps for others, as they travel. */
  readonly tableBytes: number;
  /** The fullest relay's records, as a multiple of the average. */
  readonly fullest: number;
  /** Share of OPENs that are told a relay which the name has just left: how often names move, times how long an owner doesn't know. */
  readonly moreThanOneTry: number;
  /** The same as it was counted, and of how many. */
  readonly wrong: number;
  readonly opens: number;
  /** From a name's arrival until all its owners know: 99 % of names. */
  readonly reachable99Ms: number;
  /** From a question until its answer: 99 % of those that were asked elsewhere. */
  readonly answered99Ms: number;
}

/**
 * The real directory at every relay: each name is put in, moves, and is asked for. Of more than `directoryNames` names only so many are, and what they cost is multiplied; the
 * mesh, who owns how many, and how often each pair of relays has something to compare are those of all names.
 */
export function runDirectory(world: World, run: RoutingRun): DirectoryResult {
  const names = run.relays * Math.floor(Math.min(run.directoryNames, world.names) / run.relays);
  const traffic = new Traffic(world, run, names);
  traffic.begin();
  const bytes = traffic.run();
  traffic.check();
  const recordBytes = traffic.recordBytes();
  const scale = world.names / names;
  const perRelay = (sent: number) => Math.round(sent / run.relays / run.minutes);
  const records = perRelay(bytes.records * scale);
  const lookups = perRelay(bytes.lookups * scale);
  const pairs = sharingPairs(run.namesPerRelay, run) / sharingPairs(names / run.relays, run);
  const checks = perRelay(bytes.checks * pairs);
  return {
    simulatedNames: names,
    bytesPerMinute: records + lookups + checks,
    recordBytesPerMinute: records,
    lookupBytesPerMinute: lookups,
    checkBytesPerMinute: checks,
    tableBytes: Math.round(((traffic.records * scale) / run.relays) * recordBytes),
    fullest: fullestOf(world, traffic.mesh),
    ...traffic.figures(),
  };
}

/** Share of the pairs of relays of which one keeps a record of the other. */
function sharingPairs(namesPerRelay: number, { relays }: RoutingRun): number {
  return 1 - (1 - Math.min(1, ownersPerName / relays)) ** namesPerRelay;
}

/** Records at the relay that keeps most, of all names, as a multiple of the average. */
function fullestOf(world: World, { ids, seed }: DirectoryMesh): number {
  const rendezvous = new Rendezvous(seed);
  for (const id of ids) rendezvous.add(id);
  const kept = new Map<string, number>();
  for (let name = 0; name < world.names; name++)
    for (const id of rendezvous.top(world.element(name), ownersPerName))
      kept.set(id, (kept.get(id) ?? 0) + 1);
  return Math.max(...kept.values()) / ((Math.min(ownersPerName, ids.length) * world.names) / ids.length);
}

/** Names of a run at the relays of a mesh. */
class Traffic {
  readonly mesh: DirectoryMesh;
  readonly #world: World;
  readonly #run: RoutingRun;
  /** The first so many names. */
  readonly #names: number;
  readonly #moves: readonly Move[];
  readonly #relayOf: Uint16Array;
  readonly #sessionSeq: Uint32Array;
  /** Of each name, its last move; −1 before the first. */
  readonly #moveOf: Int32Array;
  /** Of each move, which owners know, and when the last one came to know. */
  readonly #knowing: Set<number>[];
  readonly #reachableMs: Float64Array;
  readonly #askedAtMs = new Map<string, number>();
  readonly #waits: number[] = [];
  #staleMs = 0;
  #stales = 0;
  #opens = 0;
  #wrong = 0;

  constructor(world: World, run: RoutingRun, names: number) {
    this.#world = world;
    this.#run = run;
    this.#names = names;
    this.#moves = world.moves.filter(({ name }) => name < names);
    this.mesh = new DirectoryMesh(world, run);
    this.#relayOf = world.relayOf.slice();
    this.#sessionSeq = new Uint32Array(names);
    this.#moveOf = new Int32Array(names).fill(-1);
    this.#knowing = this.#moves.map(() => new Set());
    this.#reachableMs = new Float64Array(this.#moves.length);
    this.mesh.onPlaced = (owner, element, relay) => this.#notePlaced(owner, element, relay);
  }

  /** Puts the names in, a relay after the other, and waits until owners are asked for the first time whether they hold everything. */
  begin(): void {
    const { relays } = this.#run;
    for (let relay = 0; relay < relays; relay++) {
      for (let name = relay; name < this.#names; name += relays) this.#publish(relay, name);
      this.mesh.advance(this.mesh.nowMs + 100);
    }
    this.mesh.settle(refreshMs);
  }

  /** The time of the run. Gives the bytes sent in it. */
  run(): { readonly records: number; readonly lookups: number; readonly checks: number } {
    const { mesh } = this;
    const beganMs = mesh.nowMs;
    const { minutes, opensPerHour, relays } = this.#run;
    const opens = Math.round((this.#names * opensPerHour * minutes) / 60);
    const times = Float64Array.from(
      { length: opens },
      () => this.#world.random.next() * minutes * 60_000,
    ).sort();
    mesh.onAnswered = (relay, { element, outcome, record }) => {
      const name = this.#world.nameOf(element);
      const key = `${relay} ${name}`;
      const waitMs = mesh.nowMs - (this.#askedAtMs.get(key) ?? mesh.nowMs);
      this.#askedAtMs.delete(key);
      if (waitMs > 0) this.#waits.push(waitMs);
      this.#opens++;
      const isRight = record !== undefined && mesh.indexOf(record.relay) === this.#relayOf[name];
      if (!isRight) this.#wrong++;
      if (outcome === 'busy') throw new Error('too many lookups at one relay');
    };
    let open = 0;
    const openUntil = (atMs: number) => {
      for (; open < opens && (times[open] as number) <= atMs; open++) {
        mesh.advance(beganMs + (times[open] as number));
        this.#ask(this.#world.random.integer(relays), this.#world.random.integer(this.#names));
      }
    };
    for (const [index, move] of this.#moves.entries()) {
      openUntil(move.atMs);
      mesh.advance(beganMs + move.atMs);
      this.#move(index, move);
    }
    openUntil(Number.POSITIVE_INFINITY);
    mesh.advance(beganMs + minutes * 60_000);
    return { ...mesh.bytes };
  }

  /** When all is quiet every name that is asked for is found where it is, and others aren't. @throws {Error} when not */
  check(): void {
    const { mesh } = this;
    // What is remembered may be from before.
    mesh.advance(mesh.nowMs + 60_000);
    const { lookups, relays } = this.#run;
    const { random } = this.#world;
    let answers = 0;
    mesh.onAnswered = (_, { element, outcome, record }) => {
      answers++;
      const isKnown = element.buffer === this.#world.element(0).buffer;
      const right = isKnown ? this.#relayOf[this.#world.nameOf(element)] : undefined;
      const found = record === undefined ? undefined : mesh.indexOf(record.relay);
      if (found !== right || outcome !== (isKnown ? 'found' : 'absent'))
        throw new Error(`a lookup said ${outcome} at ${found}, and it is at ${right}`);
    };
    for (let lookup = 0; lookup < lookups; lookup++) {
      const element = lookup % 50 === 0 ? random.bytes(16) : this.#world.element(random.integer(this.#names));
      mesh.act(random.integer(relays), (directory) => directory.lookup(element, mesh.nowMs));
      if (lookup % 1_000 === 0) mesh.advance(mesh.nowMs + 4_000);
    }
    mesh.advance(mesh.nowMs + 4_000);
    if (answers === 0) throw new Error('no lookup was answered');
    if (this.records !== Math.min(ownersPerName, relays) * this.#names)
      throw new Error(`${this.records} records of ${this.#names} names are kept`);
  }

  /** Records at all relays. */
  get records(): number {
    return this.mesh.relays.reduce((sum, relay) => sum + relay.kept, 0);
  }

  /** Bytes of one record. */
  recordBytes(): number {
    let bytes = 0;
    this.mesh.onAnswered = (_, { record }) => {
      if (record !== undefined) bytes = messageBytes({ kind: 'outdone', records: [record] }) - 1;
    };
    this.mesh.act(0, (directory) => directory.lookup(this.#world.element(0), this.mesh.nowMs));
    this.mesh.advance(this.mesh.nowMs + 4_000);
    return bytes;
  }

  figures(): Pick<DirectoryResult, 'moreThanOneTry' | 'wrong' | 'opens' | 'reachable99Ms' | 'answered99Ms'> {
    const meanStaleMs = this.#staleMs / Math.max(1, this.#stales);
    return {
      moreThanOneTry: (this.#run.changesPerHour / 3_600_000) * meanStaleMs,
      wrong: this.#wrong,
      opens: this.#opens,
      reachable99Ms: Math.round(quantile(this.#reachableMs, 0.99)),
      answered99Ms: Math.round(quantile(Float64Array.from(this.#waits), 0.99)),
    };
  }

  #publish(relay: number, name: number): void {
    const element = this.#world.element(name);
    const sessionSeq = (this.#sessionSeq[name] as number) + 1;
    this.#sessionSeq[name] = sessionSeq;
    const own = { element, identity, bootId, sessionSeq, sinceMs: 1 };
    this.mesh.act(relay, (directory) => directory.publish(own, this.mesh.nowMs));
  }

  #move(index: number, { name, from, to }: Move): void {
    this.#moveOf[name] = index;
    this.#relayOf[name] = to;
    this.#publish(to, name);
    this.mesh.act(from, (directory) => directory.withdraw(this.#world.element(name), this.mesh.nowMs));
  }

  #ask(relay: number, name: number): void {
    this.#askedAtMs.set(`${relay} ${name}`, this.mesh.nowMs);
    this.mesh.act(relay, (directory) => directory.lookup(this.#world.element(name), this.mesh.nowMs));
  }

  #notePlaced(owner: number, element: Uint8Array, relay: number): void {
    const name = this.#world.nameOf(element);
    const index = this.#moveOf[name] as number;
    const move = this.#moves[index];
    if (move?.to !== relay || this.#knowing[index]?.has(owner) !== false) return;
    this.#knowing[index].add(owner);
    const tookMs = this.mesh.nowMs - refreshMs - move.atMs;
    this.#reachableMs[index] = tookMs;
    this.#staleMs += tookMs;
    this.#stales++;
  }
}

const identity = new Uint8Array(32);
const bootId = new Uint8Array(16);
