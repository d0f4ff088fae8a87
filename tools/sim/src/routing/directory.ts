import { quantile, type RoutingRun, streamDelayMs, type World } from './world.js';

/** What a directory comes to. */
export interface DirectoryResult {
  /** Sent by each relay per minute: records to owners, questions and answers. */
  readonly bytesPerMinute: number;
  /** Records that a relay keeps for others. */
  readonly tableBytes: number;
  /** The fullest relay's records, as a multiple of the average. */
  readonly fullest: number;
  /** Share of OPENs that are told a relay which the name has just left. */
  readonly moreThanOneTry: number;
  /** From a name's arrival until all its owners know: 99 % of names. */
  readonly reachable99Ms: number;
}

/** Three relays own each name by rendezvous hashing; every OPEN asks one of them first. */
export function runDirectory(world: World, run: RoutingRun): DirectoryResult {
  const { relays, namesPerRelay, minutes, opensPerHour, changesPerHour, loss } = run;
  const salts = Uint32Array.from({ length: relays }, () => world.random.uint32());
  const kept = new Uint32Array(relays);
  const sampled = Math.min(world.names, namesSampled);
  for (let name = 0; name < sampled; name++)
    for (const owner of ownersOf(world.element(name), salts)) kept[owner] = (kept[owner] ?? 0) + 1;
  const reachableMs = new Float64Array(world.moves.length);
  let staleMs = 0;
  for (const [index] of world.moves.entries()) {
    const delays = Array.from({ length: owners }, () => streamDelayMs(world.random, loss));
    reachableMs[index] = Math.max(...delays);
    staleMs += delays.reduce((sum, delay) => sum + delay, 0) / owners;
  }
  const records = (owners * recordBytes * world.moves.length) / relays / minutes;
  const questions = ((namesPerRelay * opensPerHour) / 60) * (questionBytes + answerBytes);
  const meanStaleMs = staleMs / Math.max(1, world.moves.length);
  return {
    bytesPerMinute: Math.round(records + questions),
    tableBytes: owners * namesPerRelay * entryBytes,
    fullest: Math.max(...kept) / ((owners * sampled) / relays),
    moreThanOneTry: (changesPerHour / 3_600_000) * meanStaleMs,
    reachable99Ms: Math.round(quantile(reachableMs, 0.99)),
  };
}

/** The relays with the three largest hashes of (name, relay). */
export function ownersOf(element: Uint8Array, salts: Uint32Array): number[] {
  const view = new DataView(element.buffer, element.byteOffset, element.byteLength);
  const [high, low] = [view.getUint32(0), view.getUint32(4)];
  const best: { relay: number; hash: number }[] = [];
  for (let relay = 0; relay < salts.length; relay++) {
    let hash = Math.imul(high ^ (salts[relay] as number), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ low, 0xc2b2_ae35);
    hash = (hash ^ (hash >>> 16)) >>> 0;
    if (best.length === owners && hash <= (best[owners - 1]?.hash ?? 0)) continue;
    best.push({ relay, hash });
    best.sort((left, right) => right.hash - left.hash);
    best.length = Math.min(best.length, owners);
  }
  return best.map(({ relay }) => relay);
}

const owners = 3;
/** Keyed name 16, identity 32, session 8, relay 32, signature 64, frame 38. */
const recordBytes = 190;
const questionBytes = 70;
const answerBytes = 130;
/** Keyed name, identity, session, relay's number, and the place in a table. */
const entryBytes = 16 + 32 + 8 + 4 + 40;
const namesSampled = 50_000;
