import type { WireCode } from '@macula/wire';

/** Whether another process has the names now, or another identity: then no session of ours takes the place of the one that lost them. */
export function isOfOther(code: WireCode): boolean {
  return code === 'replaced' || code === 'identity_conflict' || code === 'name_taken';
}

/**
 * Refusals that end by themselves: the join goes on trying. `session_limit` is one, since sessions of a crash are given up after 30 s;
 * `name_limit` is none, since somebody must want fewer names.
 */
export function isPassing(code: WireCode): boolean {
  return passing.has(code);
}

const passing: ReadonlySet<WireCode> = new Set([
  'busy',
  'draining',
  'shutdown',
  'hello_timeout',
  'session_limit',
  'rate_limited',
]);
