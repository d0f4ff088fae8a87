import { isKind, isTagged, isTuple } from '../etf/accessors.js';
import { type Atom, atom } from '../etf/atom.js';
import { checkTerm } from '../etf/encode.js';
import type { Pid } from '../etf/identifiers.js';
import { type Term, tuple } from '../etf/term.js';
import { isList, termKey } from '../etf/term-key.js';

/** What a {@link PgScope} wants done, in order. */
export type PgOutput =
  /** A message for another scope process: by its pid, or by the scope's name at a node. */
  | {
      readonly kind: 'send';
      readonly to: Pid | { readonly name: Atom; readonly node: Atom };
      readonly message: Term;
    }
  /** Watch a process, and tell {@link PgScope.handleDown} when it has ended. */
  | { readonly kind: 'monitor'; readonly pid: Pid }
  /** Watch it no longer. */
  | { readonly kind: 'demonitor'; readonly pid: Pid }
  /** Processes have joined or left a group. */
  | {
      readonly kind: 'changed';
      readonly change: 'join' | 'leave';
      readonly group: Term;
      readonly pids: readonly Pid[];
    };

/**
 * A scope of OTP's `pg`, as its process on one node, as a core: groups of processes, known at every node of the scope.
 *
 * ```text
 * {discover, Peer} | {discover, Peer, Version}        Peer is new and wants to know
 * {'$gen_cast', {sync, Peer, [{Group, [Pid]}]}}       all members at Peer's node
 * {join, Peer, Group, Pid | [Pid]}                    {leave, Peer, Pid | [Pid], [Group]}
 * ```
 *
 * A process that joins twice is in twice. Source: `pg` of kernel in OTP 25 to 29, which speak the same. A scope of OTP that begins
 * later, or begins again, asks visible nodes only: a hidden one has to ask ({@link askAgain}), and is known once it has.
 *
 * Poll {@link pollOutput} until undefined after each call.
 */
export class PgScope {
  readonly #name: Atom;
  readonly #self: Pid;
  readonly #local: Membership = new Map();
  /** How many times each process of this node is in a group. */
  readonly #memberships = new Map<string, number>();
  readonly #peers = new Map<string, Peer>();
  /** Those that are connected. */
  readonly #nodes = new Set<Atom>();
  readonly #outputs: PgOutput[] = [];

  /**
   * @param name the scope, under which its processes are registered; `pg` is OTP's default one
   * @param self this node's scope process
   */
  constructor(name: Atom, self: Pid) {
    this.#name = name;
    this.#self = self;
  }

  /** The next thing to do. */
  pollOutput(): PgOutput | undefined {
    return this.#outputs.shift();
  }

  /** Makes processes of this node members of a group. @throws {EtfError} `invalid_term`, `too_deep`: then nobody has joined */
  join(group: Term, pids: readonly Pid[]): void {
    checkTerm([group, pids]);
    if (pids.length === 0) return;
    for (const pid of pids) this.#count(pid, 1);
    add(this.#local, group, pids);
    this.#tellPeers(tuple(joinTag, this.#self, group, pids));
    this.#outputs.push({ kind: 'changed', change: 'join', group, pids });
  }

  /** Takes processes of this node out of a group; false when none of them was in it. */
  leave(group: Term, pids: readonly Pid[]): boolean {
    const left = take(this.#local, group, pids);
    if (left.length === 0) return false;
    for (const pid of left) this.#count(pid, -1);
    this.#tellPeers(tuple(leaveTag, this.#self, left, [group]));
    this.#outputs.push({ kind: 'changed', change: 'leave', group, pids: left });
    return true;
  }

  /** Members at all nodes, those of this one first. */
  members(group: Term): Pid[] {
    const key = termKey(group);
    const remote = [...this.#peers.values()].flatMap(({ groups }) => groups.get(key)?.pids ?? []);
    return [...(this.#local.get(key)?.pids ?? []), ...remote];
  }

  /** Members at this node. */
  localMembers(group: Term): Pid[] {
    return [...(this.#local.get(termKey(group))?.pids ?? [])];
  }

  /** Groups that have members. */
  groups(): Term[] {
    const all = new Map<string, Term>();
    for (const groups of [this.#local, ...[...this.#peers.values()].map((peer) => peer.groups)])
      for (const [key, { group }] of groups) all.set(key, group);
    return [...all.values()];
  }

  /** A node is connected: its scope process is asked, if there is one. */
  handleNodeUp(node: Atom): void {
    this.#nodes.add(node);
    this.#ask(node);
  }

  /** A node is connected no longer. Its scope process is a watched one, whose end is told by {@link handleDown}. */
  handleNodeDown(node: Atom): void {
    this.#nodes.delete(node);
  }

  /** Asks every connected node whose scope process is not known: it may have one by now. To be called now and then. */
  askAgain(): void {
    const known = new Set(Array.from(this.#peers.values(), ({ pid }) => pid.node));
    for (const node of this.#nodes) if (!known.has(node)) this.#ask(node);
  }

  /** A watched process has ended, or its node was lost. */
  handleDown(pid: Pid): void {
    const peer = this.#peers.get(termKey(pid));
    if (peer !== undefined) {
      this.#peers.delete(termKey(pid));
      for (const { group, pids } of peer.groups.values()) this.#changed('leave', group, pids);
      return;
    }
    if (!this.#memberships.delete(termKey(pid))) return;
    const groups: Term[] = [];
    for (const { group, pids } of [...this.#local.values()]) {
      const own = pids.filter((one) => isSame(one, pid));
      if (own.length === 0) continue;
      take(this.#local, group, own);
      // Once for each time it has joined, as OTP's own processes count it.
      for (const _ of own) groups.push(group);
      this.#changed('leave', group, own);
    }
    if (groups.length > 0) this.#tellPeers(tuple(leaveTag, this.#self, pid, groups));
  }

  /** A message came for this scope's process; whatever else it is, is dropped. */
  handleMessage(message: Term): void {
    if (isTagged(message, 'discover', 2) || isTagged(message, 'discover', 3)) {
      const peer = message.elements[1];
      if (isKind(peer, 'pid')) this.#handleDiscover(peer);
    } else if (isTagged(message, '$gen_cast', 2) && isTagged(message.elements[1], 'sync', 3)) {
      const [, peer, groups] = message.elements[1].elements;
      if (isKind(peer, 'pid') && isList(groups as Term)) this.#handleSync(peer, groups as readonly Term[]);
    } else if (isTagged(message, 'join', 4)) {
      const [, from, group, who] = message.elements as [Term, Term, Term, Term];
      const peer = this.#peers.get(termKey(from));
      const pids = pidsOf(who);
      if (peer === undefined || pids.length === 0) return;
      add(peer.groups, group, pids);
      this.#changed('join', group, pids);
    } else if (isTagged(message, 'leave', 4)) {
      const [, from, who, groups] = message.elements as [Term, Term, Term, Term];
      const peer = this.#peers.get(termKey(from));
      if (peer === undefined || !isList(groups)) return;
      for (const group of groups) this.#changed('leave', group, take(peer.groups, group, pidsOf(who)));
    }
  }

  #ask(node: Atom): void {
    const message = tuple(discover, this.#self);
    this.#outputs.push({ kind: 'send', to: { name: this.#name, node }, message });
  }

  #handleDiscover(pid: Pid): void {
    const groups = [...this.#local.values()].map(({ group, pids }) => tuple(group, pids));
    this.#outputs.push({ kind: 'send', to: pid, message: tuple(genCast, tuple(sync, this.#self, groups)) });
    if (this.#peers.has(termKey(pid))) return;
    this.#addPeer(pid);
    this.#outputs.push({ kind: 'send', to: pid, message: tuple(discover, this.#self) });
  }

  /** What the peer says now replaces what it has said before. */
  #handleSync(pid: Pid, said: readonly Term[]): void {
    const peer = this.#peers.get(termKey(pid)) ?? this.#addPeer(pid);
    const before = new Map(peer.groups);
    peer.groups.clear();
    for (const one of said) {
      if (!isTuple(one, 2)) continue;
      const [group, who] = one.elements as [Term, Term];
      add(peer.groups, group, pidsOf(who));
    }
    for (const [key, { group, pids }] of before)
      this.#changed('leave', group, without(pids, peer.groups.get(key)?.pids ?? []));
    for (const [key, { group, pids }] of peer.groups)
      this.#changed('join', group, without(pids, before.get(key)?.pids ?? []));
  }

  #addPeer(pid: Pid): Peer {
    const peer: Peer = { pid, groups: new Map() };
    this.#peers.set(termKey(pid), peer);
    this.#outputs.push({ kind: 'monitor', pid });
    return peer;
  }

  #tellPeers(message: Term): void {
    for (const { pid } of this.#peers.values()) this.#outputs.push({ kind: 'send', to: pid, message });
  }

  #changed(change: 'join' | 'leave', group: Term, pids: readonly Pid[]): void {
    if (pids.length > 0) this.#outputs.push({ kind: 'changed', change, group, pids });
  }

  /** A process is watched as long as it is a member at all. */
  #count(pid: Pid, change: 1 | -1): void {
    const key = termKey(pid);
    const times = (this.#memberships.get(key) ?? 0) + change;
    if (times === 0) this.#memberships.delete(key);
    else this.#memberships.set(key, times);
    if (change === 1 && times === 1) this.#outputs.push({ kind: 'monitor', pid });
    if (change === -1 && times === 0) this.#outputs.push({ kind: 'demonitor', pid });
  }
}

interface Peer {
  readonly pid: Pid;
  readonly groups: Membership;
}

/** Members by the key of their group; a group without members is not in it. */
type Membership = Map<string, { readonly group: Term; readonly pids: Pid[] }>;

function add(groups: Membership, group: Term, pids: readonly Pid[]): void {
  if (pids.length === 0) return;
  const key = termKey(group);
  const known = groups.get(key);
  if (known === undefined) groups.set(key, { group, pids: [...pids] });
  else known.pids.push(...pids);
}

/** Takes each pid out once, and says which were there. */
function take(groups: Membership, group: Term, pids: readonly Pid[]): Pid[] {
  const key = termKey(group);
  const known = groups.get(key);
  if (known === undefined) return [];
  const taken: Pid[] = [];
  for (const pid of pids) {
    const at = known.pids.findIndex((one) => isSame(one, pid));
    if (at >= 0) taken.push(...known.pids.splice(at, 1));
  }
  if (known.pids.length === 0) groups.delete(key);
  return taken;
}

/** As their keys tell it, but without making them: groups are searched. */
function isSame(one: Pid, other: Pid): boolean {
  return (
    one.id === other.id &&
    one.serial === other.serial &&
    one.creation === other.creation &&
    one.node === other.node
  );
}

/** `pids -- others`. */
function without(pids: readonly Pid[], others: readonly Pid[]): Pid[] {
  const left = new Map<string, number>();
  for (const pid of others) left.set(termKey(pid), (left.get(termKey(pid)) ?? 0) + 1);
  return pids.filter((pid) => {
    const count = left.get(termKey(pid)) ?? 0;
    left.set(termKey(pid), count - 1);
    return count <= 0;
  });
}

function pidsOf(who: Term): Pid[] {
  if (isKind(who, 'pid')) return [who];
  return isList(who) ? who.filter((one): one is Pid => isKind(one, 'pid')) : [];
}

const discover = atom('discover');
const sync = atom('sync');
const joinTag = atom('join');
const leaveTag = atom('leave');
const genCast = atom('$gen_cast');
