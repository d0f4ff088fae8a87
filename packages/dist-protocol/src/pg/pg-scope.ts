import { isKind, isTagged, isTuple } from '../etf/accessors.js';
import { type Atom, atom } from '../etf/atom.js';
import { checkTerm } from '../etf/encode.js';
import type { Pid } from '../etf/identifiers.js';
import { type Term, tuple } from '../etf/term.js';
import { isList, termKey } from '../etf/term-key.js';
import { Membership } from './membership.js';

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
 * A process that joins twice is in twice. Scopes of OTP 29 have other messages among themselves, for peers whose `discover` has the
 * version 1; with this one, which says none, they use these. (OTP 25 itself ends its scope when it hears a version.)
 * A scope of OTP that begins later, or begins again, asks visible nodes only: a hidden one has to ask ({@link askAgain}), and is known once
 * it has.
 *
 * A scope of OTP 25 to 27 ends when it hears that somebody leaves a group that it doesn't know of. So no peer hears of a change before it
 * has heard all members.
 *
 * Source: `pg` and `data_publisher` of kernel in OTP 25, 27 and 29. Poll {@link pollOutput} until undefined after each call.
 */
export class PgScope {
  readonly #name: Atom;
  readonly #self: Pid;
  readonly #local = new Membership();
  /** The groups that each process of this node is in. */
  readonly #joined = new Map<string, Map<string, Term>>();
  readonly #peers = new Map<string, Peer>();
  /** Those that are connected. */
  readonly #nodes = new Set<Atom>();
  #outputs: PgOutput[] = [];
  #taken = 0;

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
    const output = this.#outputs[this.#taken];
    if (output === undefined) {
      this.#outputs = [];
      this.#taken = 0;
    } else this.#taken += 1;
    return output;
  }

  /**
   * Makes processes of this node members of a group, once more for each time they are given.
   *
   * @throws {EtfError} `invalid_term`, `too_deep`: then nobody has joined
   */
  join(group: Term, pids: readonly Pid[]): void {
    checkTerm([group, pids]);
    if (pids.length === 0) return;
    const key = termKey(group);
    for (const pid of pids) {
      const pidKey = termKey(pid);
      const groups = this.#joined.get(pidKey) ?? new Map<string, Term>();
      if (groups.size === 0) {
        this.#joined.set(pidKey, groups);
        this.#outputs.push({ kind: 'monitor', pid });
      }
      groups.set(key, group);
    }
    this.#local.add(group, pids);
    this.#tellPeers(tuple(joinTag, this.#self, group, pids));
    this.#outputs.push({ kind: 'changed', change: 'join', group, pids });
  }

  /** Takes processes of this node out of a group, once for each time they are given; false when none of them was in it. */
  leave(group: Term, pids: readonly Pid[]): boolean {
    const left = this.#local.take(group, pids);
    if (left.length === 0) return false;
    const key = termKey(group);
    for (const pid of left) {
      if (this.#local.has(group, pid)) continue;
      const pidKey = termKey(pid);
      const groups = this.#joined.get(pidKey);
      if (!groups?.delete(key) || groups.size > 0) continue;
      this.#joined.delete(pidKey);
      this.#outputs.push({ kind: 'demonitor', pid });
    }
    this.#tellPeers(tuple(leaveTag, this.#self, left, [group]));
    this.#outputs.push({ kind: 'changed', change: 'leave', group, pids: left });
    return true;
  }

  /** Members at all nodes, those of this one first. */
  members(group: Term): Pid[] {
    const members = this.#local.of(group);
    for (const { membership } of this.#peers.values())
      for (const pid of membership.of(group)) members.push(pid);
    return members;
  }

  /** Members at this node. */
  localMembers(group: Term): Pid[] {
    return this.#local.of(group);
  }

  /** Groups that have members. */
  groups(): Term[] {
    const all = new Map<string, Term>(this.#local.names());
    for (const { membership } of this.#peers.values())
      for (const [key, group] of membership.names()) all.set(key, group);
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
    const key = termKey(pid);
    const peer = this.#peers.get(key);
    if (peer !== undefined) {
      this.#peers.delete(key);
      for (const { group, pids } of peer.membership.all()) this.#changed('leave', group, pids);
      return;
    }
    const joined = this.#joined.get(key);
    if (joined === undefined) return;
    this.#joined.delete(key);
    const groups: Term[] = [];
    for (const group of joined.values()) {
      const left = this.#local.takeAll(group, pid);
      // Once for each time it has joined, as OTP's own processes count it.
      for (const _ of left) groups.push(group);
      this.#changed('leave', group, left);
    }
    this.#tellPeers(tuple(leaveTag, this.#self, pid, groups));
  }

  /** A message came for this scope's process; whatever else it is, is dropped. */
  handleMessage(message: Term): void {
    if (isTagged(message, 'discover', 2) || isTagged(message, 'discover', 3)) {
      const peer = message.elements[1];
      if (isKind(peer, 'pid') && !this.#isSelf(peer)) this.#handleDiscover(peer);
    } else if (isTagged(message, '$gen_cast', 2) && isTagged(message.elements[1], 'sync', 3)) {
      const [, peer, groups] = message.elements[1].elements as [Term, Term, Term];
      if (isKind(peer, 'pid') && !this.#isSelf(peer) && isList(groups)) this.#handleSync(peer, groups);
    } else if (isTagged(message, 'join', 4)) {
      const [, from, group, who] = message.elements as [Term, Term, Term, Term];
      const pids = pidsOf(who);
      const peer = this.#peerOf(from);
      if (peer === undefined) return;
      peer.membership.add(group, pids);
      this.#changed('join', group, pids);
    } else if (isTagged(message, 'leave', 4)) {
      const [, from, who, groups] = message.elements as [Term, Term, Term, Term];
      const peer = this.#peerOf(from);
      if (peer === undefined || !isList(groups)) return;
      const pids = pidsOf(who);
      for (const group of groups) this.#changed('leave', group, peer.membership.take(group, pids));
    }
  }

  #ask(node: Atom): void {
    const message = tuple(discover, this.#self);
    this.#outputs.push({ kind: 'send', to: { name: this.#name, node }, message });
  }

  #handleDiscover(pid: Pid): void {
    const known = this.#peers.get(termKey(pid));
    const peer = known ?? this.#addPeer(pid);
    this.#tellAll(peer);
    if (known === undefined)
      this.#outputs.push({ kind: 'send', to: pid, message: tuple(discover, this.#self) });
  }

  /** What the peer says now replaces what it has said before. */
  #handleSync(pid: Pid, said: readonly Term[]): void {
    const peer = this.#peers.get(termKey(pid)) ?? this.#addPeer(pid);
    const before = peer.membership;
    const now = new Membership();
    for (const one of said) {
      if (!isTuple(one, 2)) continue;
      const [group, who] = one.elements as [Term, Term];
      now.add(group, pidsOf(who));
    }
    peer.membership = now;
    for (const { group, pids } of before.without(now)) this.#changed('leave', group, pids);
    for (const { group, pids } of now.without(before)) this.#changed('join', group, pids);
  }

  #addPeer(pid: Pid): Peer {
    const peer: Peer = { pid, membership: new Membership(), hasHeard: false };
    this.#peers.set(termKey(pid), peer);
    this.#outputs.push({ kind: 'monitor', pid });
    return peer;
  }

  #peerOf(pid: Term): Peer | undefined {
    return isKind(pid, 'pid') ? this.#peers.get(termKey(pid)) : undefined;
  }

  /** The change is told, or all members, where the peer has not heard them yet: it is among them. */
  #tellPeers(change: Term): void {
    for (const peer of this.#peers.values())
      if (peer.hasHeard) this.#outputs.push({ kind: 'send', to: peer.pid, message: change });
      else this.#tellAll(peer);
  }

  #tellAll(peer: Peer): void {
    const groups = this.#local.all().map(({ group, pids }) => tuple(group, pids));
    const message = tuple(genCast, tuple(sync, this.#self, groups));
    this.#outputs.push({ kind: 'send', to: peer.pid, message });
    peer.hasHeard = true;
  }

  #changed(change: 'join' | 'leave', group: Term, pids: readonly Pid[]): void {
    if (pids.length > 0) this.#outputs.push({ kind: 'changed', change, group, pids });
  }

  #isSelf(pid: Pid): boolean {
    return termKey(pid) === termKey(this.#self);
  }
}

interface Peer {
  readonly pid: Pid;
  membership: Membership;
  /** Whether it has heard who is in here. */
  hasHeard: boolean;
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
