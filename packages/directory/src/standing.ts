import { keyOf } from './keys.js';
import { compareSessions, isEarlierIdentity } from './precedence.js';
import { type DirectoryRecord, outranks } from './record.js';

/**
 * Who of several has the name: of each identity its newest session, and of these the one whose identity has had the name for longest. It depends on the records alone, not on the order in which
 * they came: of three, each may come before another.
 */
export function winnerOf(records: readonly DirectoryRecord[]): DirectoryRecord | undefined {
  let winner: DirectoryRecord | undefined;
  for (const record of newestOf(records).values())
    if (winner === undefined || isEarlierIdentity(rankOf(record), rankOf(winner))) winner = record;
  return winner;
}

/** The record that this one must give way to: a newer session of its identity, else the winner; undefined when it has the name, alone or beside another one of its process. */
export function winnerOver(
  record: DirectoryRecord,
  records: readonly DirectoryRecord[],
): DirectoryRecord | undefined {
  const newest = newestOf(records).get(keyOf(record.identity));
  if (newest !== undefined && outranks(newest, record)) return newest;
  const winner = winnerOf(records);
  return winner !== undefined && outranks(winner, record) ? winner : undefined;
}

/** The newest session's record of each identity; of two side by side the one that has the name for longer, or is at the relay with the smaller id. */
function newestOf(records: readonly DirectoryRecord[]): Map<string, DirectoryRecord> {
  const newest = new Map<string, DirectoryRecord>();
  for (const record of records) {
    const key = keyOf(record.identity);
    const known = newest.get(key);
    if (known === undefined || isBefore(record, known)) newest.set(key, record);
  }
  return newest;
}

function isBefore(left: DirectoryRecord, right: DirectoryRecord): boolean {
  const order = compareSessions(sessionOf(left), sessionOf(right));
  if (order !== 0) return order > 0;
  return left.sinceMs === right.sinceMs ? left.relay < right.relay : left.sinceMs < right.sinceMs;
}

function sessionOf({ sessionSeq, bootId }: DirectoryRecord) {
  return { sessionSeq, bootKey: keyOf(bootId) };
}

function rankOf({ identity, sinceMs }: DirectoryRecord) {
  return { sinceMs, identityKey: keyOf(identity) };
}
