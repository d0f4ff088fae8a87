import { compareClaims, type MemberClaim } from './claim.js';
import { membersMax } from './limits.js';
import type { MemberParts } from './member-parts.js';
import { type MemberState, type MemberUpdate, supersedes, tells } from './messages.js';
import type { News } from './news.js';
import type { ProbeList } from './probe-list.js';
import { Suspicions } from './suspicions.js';

/** Where an update comes from. */
export interface Source {
  readonly fromId: string;
  /** What changed in a list is going round anyway. Only unknown members may be news: two meshes met. */
  readonly isList: boolean;
  /** Whoever knew nobody has nobody to tell. */
  readonly isNewcomer: boolean;
}

/** What is believed of the others: what an update changes, and what the end of a suspicion. */
export class Beliefs {
  readonly #parts: MemberParts;
  readonly #news: News;
  readonly #probes: ProbeList;
  readonly #suspicions: Suspicions;
  /** When dead and departed members are forgotten, in order of time: whatever is put in anew goes to the end. */
  readonly #forgetAtMs = new Map<string, number>();

  /** Those of them that a list told us of: not told on, or they would be remembered for as long as newcomers come. */
  readonly #inherited = new Set<string>();

  constructor(parts: MemberParts, news: News, probes: ProbeList) {
    this.#parts = parts;
    this.#news = news;
    this.#probes = probes;
    this.#suspicions = new Suspicions(parts.profile);
  }

  /** When a suspicion needs something; undefined while there is none. */
  get suspicionAtMs(): number | undefined {
    return this.#suspicions.nextAtMs();
  }

  /** The dead that are remembered. */
  dead(): string[] {
    return [...this.#forgetAtMs.keys()].filter((id) => this.#parts.table.get(id)?.state === 'dead');
  }

  /** What a list says. */
  list(): MemberUpdate[] {
    const { own, table } = this.#parts;
    return [own.update, ...table.updates().filter(({ claim }) => !this.#inherited.has(claim.id))];
  }

  /** Takes over what an update says, if it says anything new. */
  merge(update: MemberUpdate, { fromId, isList, isNewcomer }: Source, nowMs: number): void {
    const { own, table, signer, outputs } = this.#parts;
    const { claim, state, by } = update;
    const isSelf = claim.id === this.#parts.id;
    const known = isSelf ? own.update : table.get(claim.id);
    if (known === undefined ? !isOfUse(update, { isList, isNewcomer }) : !tells(update, known)) return;
    if (known === undefined || compareClaims(claim, known.claim) !== 0) {
      if (!signer.verify(claim)) {
        outputs.push({ kind: 'refused', id: claim.id, from: fromId });
        return;
      }
    }
    if (known === undefined && table.size >= membersMax && !this.#makeRoomFor(update)) return;
    const isNews = !isList || (known === undefined && !isNewcomer);
    if (isSelf) this.#refute(claim, nowMs);
    else if (state === 'suspect') this.#suspect(update, by, isNews, nowMs);
    else if (state === 'dead' && known?.state === 'suspect' && compareClaims(claim, known.claim) === 0)
      this.#suspicions.shorten(claim.id);
    else if (state === 'dead' && table.isReachable(claim.id)) this.#doubt(update, isNews, nowMs);
    else this.#believe(update, isNews, nowMs);
    if (isList && known === undefined && isGone(state)) this.#inherited.add(claim.id);
  }

  /** A probe of ours went unanswered. */
  handleUnanswered(id: string, nowMs: number): void {
    const known = this.#parts.table.get(id);
    if (known !== undefined) this.#suspect(known, this.#parts.id, true, nowMs);
  }

  /** Asks suspects before the verdict, and passes it. */
  handleTimeout(nowMs: number): void {
    const { ask, over } = this.#suspicions.steps(nowMs);
    for (const id of ask) this.#ask(id);
    for (const claim of over) this.#believe({ claim, state: 'dead' }, true, nowMs);
  }

  /** Asks a suspect, through others where messages don't get to it; its refutation comes with the answer. */
  #ask(id: string): void {
    const { profile, table } = this.#parts;
    const sequence = this.#parts.nextSequence();
    if (this.#parts.reaches(id)) {
      this.#parts.send(id, { kind: 'ping', sequence, gossip: this.#news.takeFor(id) });
      return;
    }
    for (const helper of this.#parts.contacts(profile.indirectProbes, id)) {
      const gossip = this.#news.takeFor(helper, table.get(id));
      this.#parts.send(helper, { kind: 'ping_request', sequence, target: id, gossip });
    }
  }

  /** Gives suspects the time in which this process heard nothing. */
  handleStall(byMs: number): void {
    this.#suspicions.postpone(byMs);
  }

  /** Begins the suspicions anew that `stop` has ended. */
  start(nowMs: number): void {
    for (const { claim, state } of this.#parts.table.updates())
      if (state === 'suspect') this.#suspicions.start(claim, undefined, this.#parts.reachable, nowMs);
  }

  /** Judges nobody any more. */
  stop(): void {
    this.#suspicions.clear();
  }

  /** Forgets a member. */
  forget(id: string): void {
    this.#suspicions.drop(id);
    this.#forgetAtMs.delete(id);
    this.#inherited.delete(id);
    this.#news.drop(id);
    this.#parts.table.delete(id);
  }

  /** Forgets those that are dead or have left for long enough. */
  forgetOld(nowMs: number): void {
    for (const [id, atMs] of this.#forgetAtMs) {
      if (atMs > nowMs) return;
      this.forget(id);
    }
  }

  /** The dead give way to the living, those that died first before the others. */
  #makeRoomFor({ state }: MemberUpdate): boolean {
    const [oldest] = this.#forgetAtMs.keys();
    if (oldest === undefined || isGone(state)) return false;
    this.forget(oldest);
    return true;
  }

  /**
   * Nobody is dead by hearsay: whoever holds a member for alive asks it before its turn. When a partition heals, each half tells the other one that it is
   * dead.
   */
  #doubt(update: MemberUpdate, isNews: boolean, nowMs: number): void {
    const { claim } = update;
    const alive: MemberUpdate = { claim, state: 'alive' };
    const known = this.#parts.table.get(claim.id);
    if (known !== undefined && supersedes(alive, known)) this.#believe(alive, isNews, nowMs);
    this.#news.doubt(update);
    this.#probes.addEarly(claim.id);
  }

  #suspect(update: MemberUpdate, by: string | undefined, isNews: boolean, nowMs: number): void {
    const { claim } = update;
    const suspected: MemberUpdate =
      by === undefined ? { claim, state: 'suspect' } : { claim, state: 'suspect', by };
    const known = this.#parts.table.get(claim.id);
    if (known === undefined || supersedes(suspected, known)) this.#believe(suspected, isNews, nowMs);
    else if (known.state === 'suspect' && by !== undefined && this.#suspicions.confirm(claim.id, by)) {
      // In a wave of suspicions there is no room for more of the same, and no hurry.
      if (!this.#news.isWave) this.#news.announce(suspected, nowMs);
    }
  }

  /** Takes over what supersedes what is known. */
  #believe(update: MemberUpdate, isNews: boolean, nowMs: number): void {
    const { table, profile, outputs } = this.#parts;
    const { claim, state } = update;
    const { id } = claim;
    const previous = table.get(id);
    const wasReachable = table.isReachable(id);
    table.set(update);
    if (isNews) this.#news.announce(update, nowMs, isRefresh(update, previous));
    this.#suspicions.drop(id);
    this.#forgetAtMs.delete(id);
    this.#inherited.delete(id);
    const isReachable = table.isReachable(id);
    if (!wasReachable && isReachable) this.#probes.add(id);
    if (state === 'suspect') this.#suspicions.start(claim, update.by, this.#parts.reachable, nowMs);
    if (!isReachable) this.#forgetAtMs.set(id, nowMs + profile.deadRetentionMs);
    outputs.push({ kind: 'changed', id, state, previous: previous?.state, claim });
  }

  /** What others say of us is true only if we said it: everything else is outdone by a larger incarnation. */
  #refute({ incarnation }: MemberClaim, nowMs: number): void {
    const { own, health, outputs } = this.#parts;
    own.outdo(incarnation);
    health.worse();
    this.#news.announce(own.update, nowMs);
    outputs.push({ kind: 'refuted', incarnation: incarnation + 1 });
  }
}

/**
 * Whether an unknown member matters. Whoever took over the dead of a list that it has forgotten would remember them anew, and nobody would ever be
 * forgotten. A newcomer must know whom to ask when a partition ends.
 */
function isOfUse(
  { state }: MemberUpdate,
  { isList, isNewcomer }: Pick<Source, 'isList' | 'isNewcomer'>,
): boolean {
  return !isList || !isGone(state) || (isNewcomer && state === 'dead');
}

function isGone(state: MemberState): boolean {
  return state === 'dead' || state === 'left';
}

/** Whether only the metadata of a living member changes, as far as we can tell. */
function isRefresh({ claim, state }: MemberUpdate, previous: MemberUpdate | undefined): boolean {
  return state === 'alive' && previous?.state === 'alive' && previous.claim.status === claim.status;
}
