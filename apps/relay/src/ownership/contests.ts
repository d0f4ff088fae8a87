import { contestedIdentitiesMax, contestReplacementsMax, contestWindowMs } from '../limits.js';
import type { Newcomer } from './newcomer.js';

interface Contest {
  readonly replaced: { readonly by: string; readonly atMs: number }[];
  untilMs: number;
}

/**
 * Counts how often a session of an identity that had not ended was replaced by another process with the same key. Two hosts that
 * share a key do that to each other for ever; so does one that crashes in a loop, which is why a contest only means that
 * the present owner is asked whether it lives.
 */
export class Contests {
  readonly #contests = new Map<string, Contest>();

  /** A session that had not ended gives way to this one. */
  noteReplaced(newcomer: Newcomer, nowMs: number): void {
    const contest = this.#of(newcomer);
    const by = newcomer.bootKey + newcomer.sessionSeq;
    const recent = contest.replaced.filter(({ atMs }) => nowMs - atMs < contestWindowMs);
    if (recent.some((other) => other.by === by)) return;
    contest.replaced.splice(0, contest.replaced.length, ...recent.slice(-contestReplacementsMax), {
      by,
      atMs: nowMs,
    });
    if (recent.length + 1 >= contestReplacementsMax) contest.untilMs = nowMs + contestWindowMs;
  }

  /** A newcomer was turned away: the contest goes on. */
  noteRefused(newcomer: Newcomer, nowMs: number): void {
    this.#of(newcomer).untilMs = nowMs + contestWindowMs;
  }

  /** Whether the next newcomer of this identity must wait. */
  isContested({ realm, identityKey }: Pick<Newcomer, 'realm' | 'identityKey'>, nowMs: number): boolean {
    const contest = this.#contests.get(identityKey + realm);
    return contest !== undefined && nowMs < contest.untilMs;
  }

  /** Forgets what is over. */
  handleTimeout(nowMs: number): void {
    for (const [key, { replaced, untilMs }] of this.#contests) {
      if (nowMs >= untilMs && replaced.every(({ atMs }) => nowMs - atMs >= contestWindowMs))
        this.#contests.delete(key);
    }
  }

  #of({ realm, identityKey }: Newcomer): Contest {
    const key = identityKey + realm;
    const known = this.#contests.get(key) ?? { replaced: [], untilMs: 0 };
    this.#contests.delete(key);
    this.#contests.set(key, known);
    if (this.#contests.size > contestedIdentitiesMax)
      this.#contests.delete(this.#contests.keys().next().value!);
    return known;
  }
}
