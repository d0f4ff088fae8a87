import type { Identity } from '@macula/crypto';
import {
  decodeOwnedEntry,
  encodeOwnedEntry,
  type Owned,
  type OwnedConflict,
  type OwnedEntry,
  type OwnedHave,
  ownedAgeMsMax,
  signOwned,
  verifyOwned,
} from '@macula/wire';
import { OutputQueue } from '../core/output-queue.js';
import {
  originForgetMs,
  ownedAnswerBytesMax,
  ownedAskEveryMs,
  ownedBeatMs,
  ownedForgetMs,
  ownedOverdueAskedMax,
  ownedOverdueMs,
} from '../limits.js';
import type { PeersTable } from '../routing/peers-table.js';
import { bytesKey, type LinkId, noLink } from '../routing/types.js';
import { type ArrivedEntry, type LogRecord, OriginLog, relayPrefix, type SaidEntry } from './origin-log.js';
import { OriginTable, type Wanted } from './origin-table.js';
import type { OwnershipOutput } from './types.js';

/** What has become known of other relays' sessions. */
export type LogChange =
  | {
      readonly kind: 'said';
      readonly log: OriginLog;
      readonly record: LogRecord;
      readonly replaced: LogRecord | undefined;
    }
  /** No longer in force. */
  | { readonly kind: 'dropped'; readonly log: OriginLog; readonly record: LogRecord }
  /** The relay has ended, or begins a new life: its sessions are lost since it was heard last. */
  | { readonly kind: 'former'; readonly log: OriginLog; readonly record: LogRecord; readonly heardMs: number }
  | { readonly kind: 'conflict'; readonly log: OriginLog; readonly entry: OwnedConflict }
  /** The relay counts as alive again. */
  | { readonly kind: 'revived'; readonly log: OriginLog }
  /** This relay must say everything again. */
  | { readonly kind: 'own_epoch' };

/** What a {@link Replication} works with. */
export interface ReplicationOptions {
  readonly identity: Identity;
  /** Higher than at the last start, if the clock is right. */
  readonly epoch: number;
  readonly peers: PeersTable;
  /** Whether a relay belongs to the mesh. */
  readonly admitsOrigin: (identity: Uint8Array) => boolean;
  /** Whether it stands on the list of relays. */
  readonly isListedOrigin: (identity: Uint8Array) => boolean;
}

/**
 * Spreads what each relay says of its sessions to all others, over whatever peerings there are. A relay's entries are numbered; it sends
 * them to its neighbours, who send them on to those of theirs that are neither its neighbours nor those of who sent it. Whoever notices a
 * gap asks who sent what lies behind it, and gets what is in force. Signs of life show that the last entry is missing.
 */
export class Replication {
  readonly own: OriginLog;
  readonly #options: ReplicationOptions;
  readonly #logs: OriginTable;
  readonly #outputs = new OutputQueue<OwnershipOutput>();
  readonly #changes = new OutputQueue<LogChange>();
  #sentNeighbours = '';
  #beatMs: number = Number.NEGATIVE_INFINITY;
  #epochRaisedMs: number = Number.NEGATIVE_INFINITY;
  #overdueTurn = 0;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    this.own = new OriginLog(options.identity.publicKey);
    this.own.begin(options.epoch);
    this.#logs = new OriginTable({
      isPeer: (key) => options.peers.hasRelay(key),
      isListed: (identity) => isTrue(() => options.isListedOrigin(identity)),
    });
  }

  /** Says something to the whole mesh. */
  publish(entry: OwnedEntry, nowMs: number): void {
    const { own } = this;
    const { identity } = this.#options;
    const bytes = encodeOwnedEntry(entry);
    const from = own.floor;
    const version = from + 1;
    const { epoch } = own;
    const signature = signOwned(identity, { origin: identity.publicKey, epoch, version }, bytes);
    const record = { version, entry, bytes, signature, learnedMs: nowMs };
    own.take({ ...record, epoch, from, told: { sender: own.key, from } });
    const links = this.#options.peers.askable([], noLink).map(({ link }) => link);
    this.#send(links, own, { record, from, nowMs });
  }

  /** A peering stands: asks for what its relay says, and tells it of relays it doesn't hear itself. */
  handlePeerUp(peer: { readonly link: LinkId; readonly identity: Uint8Array }, nowMs: number): void {
    const key = bytesKey(peer.identity);
    const theirs = this.#logs.get(key) ?? new OriginLog(peer.identity);
    this.#outputs.push({ kind: 'send', links: [peer.link], message: haveOf([theirs, this.own]) });
    for (const log of this.#logs.values()) {
      const { beat } = log;
      if (beat === undefined || log.key === key || !log.isLive(nowMs)) continue;
      if (log.neighbours.has(relayPrefix(key))) continue;
      this.#send([peer.link], log, { record: beat, from: beat.version - 1, nowMs });
    }
  }

  /** A relay passes on what some relay says. */
  handleOwned(link: LinkId, message: Owned, nowMs: number): void {
    const sender = this.#options.peers.identityKey(link);
    const origin = bytesKey(message.origin);
    if (sender === undefined || message.version < 1) return;
    if (origin === this.own.key) this.#handleOwn(message, nowMs);
    else if (this.#isAdmitted(message.origin)) this.#handleForeign({ link, sender, origin, message }, nowMs);
  }

  /** A relay asks for what is missing there. */
  handleHave(link: LinkId, have: OwnedHave, nowMs: number): void {
    const sender = this.#options.peers.identityKey(link);
    let room = ownedAnswerBytesMax;
    for (const [index, identity] of have.origins.entries()) {
      const key = bytesKey(identity);
      const log = key === this.own.key ? this.own : this.#logs.get(key);
      if (log === undefined || sender === undefined || room <= 0) continue;
      const known = { epoch: have.epochs[index]!, version: have.versions[index]! };
      if (key === sender) this.#tellOfLaterLife(link, log, known, nowMs);
      else if (log === this.own || log.isLive(nowMs)) room -= this.#answer(link, log, { known, room, nowMs });
    }
  }

  /** Gives signs of life, asks about relays that give none, and forgets those that are gone. */
  handleTimeout(nowMs: number): void {
    const peers = this.#options.peers.askable([], noLink);
    const neighbours = peers.map(({ identityKey }) => relayPrefix(identityKey)).sort();
    if (peers.length > 0 && neighbours.join('') !== this.#sentNeighbours) {
      this.#sentNeighbours = neighbours.join('');
      const relays = Uint8Array.from(this.#sentNeighbours, (character) => character.charCodeAt(0));
      this.publish({ kind: 'neighbours', relays }, nowMs);
    }
    if (peers.length > 0 && nowMs - this.#beatMs >= ownedBeatMs) {
      this.#beatMs = nowMs;
      this.publish({ kind: 'beat', digest: this.own.digest() }, nowMs);
    }
    this.own.purge(nowMs);
    for (const log of [...this.#logs.values()]) this.#handleLogTimeout(log, nowMs);
  }

  /** This process stood still for so long: nobody else's silence is that long. */
  handleStandstill(ms: number, nowMs: number): void {
    for (const log of this.#logs.values()) log.heardMs = Math.min(nowMs, log.heardMs + ms);
  }

  /** Forgets relays that don't belong to the mesh any more. */
  purge(): OriginLog[] {
    return this.#logs.purge(({ identity }) => this.#isAdmitted(identity));
  }

  /** The relays that were heard of a moment ago. */
  liveRelays(nowMs: number): string[] {
    return [...this.#logs.values()].filter((log) => log.isLive(nowMs)).map(({ key }) => key);
  }

  /** What each relay said. */
  logs(): Iterable<OriginLog> {
    return this.#logs.values();
  }

  /** What a relay said. */
  log(key: string): OriginLog | undefined {
    return this.#logs.get(key);
  }

  /** The next thing that has become known, or undefined. */
  pollChange(): LogChange | undefined {
    return this.#changes.shift();
  }

  /** The next message to send, or undefined. */
  pollOutput(): OwnershipOutput | undefined {
    return this.#outputs.shift();
  }

  #handleForeign({ link, sender, origin, message }: ForeignInput, nowMs: number): void {
    const { epoch, version } = message;
    const log = this.#logs.get(origin) ?? new OriginLog(message.origin);
    if (epoch < log.epoch) {
      this.#tellOfLaterLife(link, log, { epoch, version }, nowMs);
      return;
    }
    const isDirect = sender === origin;
    // Where a relay can be heard itself, nobody else tells what it has not said.
    const isBelieved = isDirect || !this.#options.peers.hasRelay(origin);
    const from = isBelieved ? Math.min(message.from, version - 1) : version - 1;
    const entry = log.isKnown(epoch, version) ? undefined : this.#provenEntry(message, isDirect);
    if (entry !== undefined && this.#makeRoom(log, { entry, bytes: message.entry, sender })) {
      const { entry: bytes, signature } = message;
      const learnedMs = nowMs - Math.min(message.ageMs, ownedAgeMsMax);
      const record = { version, entry, bytes, signature, learnedMs };
      const isGap = this.#take(log, { ...record, epoch, from, told: { sender, from: message.from } }, nowMs);
      if (isGap && nowMs - log.askedMs >= ownedAskEveryMs)
        this.#ask(link, log, { version: log.floor, nowMs });
      if (log.isDamaged && entry.kind === 'beat') this.#repair(link, log, nowMs);
    }
    const known = log.knownTo(sender);
    if (message.more && known !== log.askedVersion) this.#ask(link, log, { version: known, nowMs });
  }

  /** Has everything in force listed, by whom the sign of life came from that told the damage, then by others in turn. */
  #repair(link: LinkId, log: OriginLog, nowMs: number): void {
    const { peers } = this.#options;
    if (nowMs < log.repairAtMs) return;
    const others = peers.askable([], noLink);
    const asked = log.repairs === 0 || others.length === 0 ? link : others[log.repairs % others.length]!.link;
    log.beginListing(peers.identityKey(asked)!, nowMs);
    this.#ask(asked, log, { version: 0, nowMs });
  }

  /** Gives whether there is something before it that is not known here. */
  #take(log: OriginLog, arrived: ArrivedEntry, nowMs: number): boolean {
    const wasLive = log.isLive(nowMs);
    const { heardMs } = log;
    const { entry, version, from, told } = arrived;
    const taken = log.take(arrived);
    for (const former of taken.formerLife)
      this.#changes.push({ kind: 'former', log, record: former, heardMs });
    for (const dropped of taken.dropped) this.#changes.push({ kind: 'dropped', log, record: dropped });
    if (taken.isNew) {
      const record = log.ofVersion(version) ?? arrived;
      if (entry.kind === 'conflict') this.#changes.push({ kind: 'conflict', log, entry });
      else this.#changes.push({ kind: 'said', log, record, replaced: taken.replaced });
      this.#forward(log, { record, from, nowMs }, told.sender);
    }
    if (!wasLive && log.isLive(nowMs)) this.#changes.push({ kind: 'revived', log });
    return taken.isGap;
  }

  /** Undefined when nothing shows that its origin said it. */
  #provenEntry(message: Owned, isDirect: boolean): SaidEntry | undefined {
    try {
      // HELLO has proven who is at the other end: what it says of itself needs no second proof.
      if (!isDirect && !verifyOwned(message, message.entry, message.signature)) return undefined;
      return decodeOwnedEntry(message.entry) ?? { kind: 'unknown' };
    } catch {
      return undefined; // an unusable key, or nothing that can be read
    }
  }

  #isAdmitted(identity: Uint8Array): boolean {
    return isTrue(() => this.#options.admitsOrigin(identity));
  }

  #makeRoom(log: OriginLog, wanted: Wanted): boolean {
    const hasRoom = this.#logs.makeRoom(log, wanted);
    for (const evicted of this.#logs.takeEvicted())
      for (const record of evicted.forget()) this.#changes.push({ kind: 'dropped', log: evicted, record });
    return hasRoom;
  }

  /** Only a later life of ours, or another relay with our key, can have said what we did not. */
  #handleOwn(message: Owned, nowMs: number): void {
    const { own } = this;
    const isLater = message.epoch > own.epoch || (message.epoch === own.epoch && message.version > own.floor);
    if (!isLater || nowMs - this.#epochRaisedMs < ownedBeatMs) return;
    if (!verifyOwned(message, message.entry, message.signature)) return;
    this.#epochRaisedMs = nowMs;
    own.begin(message.epoch + 1);
    this.#sentNeighbours = '';
    this.#beatMs = Number.NEGATIVE_INFINITY;
    this.#outputs.push({ kind: 'noted', note: { what: 'epoch_raised' } });
    this.#changes.push({ kind: 'own_epoch' });
  }

  /** Shows a relay, or who speaks of it, that more is known of it than it knows itself. */
  #tellOfLaterLife(link: LinkId, log: OriginLog, known: Known, nowMs: number): void {
    const { last } = log;
    const isLater = log.epoch > known.epoch || (log.epoch === known.epoch && log.floor > known.version);
    if (!isLater || last === undefined || nowMs - log.evidenceMs < ownedAskEveryMs) return;
    log.evidenceMs = nowMs;
    this.#send([link], log, { record: last, from: last.version - 1, nowMs });
  }

  /** Gives the bytes sent. */
  #answer(
    link: LinkId,
    log: OriginLog,
    { known, room, nowMs }: { known: Known; room: number; nowMs: number },
  ): number {
    if (known.epoch > log.epoch) return 0;
    let from = known.epoch < log.epoch ? 0 : known.version;
    const records = log.recordsAfter(from);
    let bytes = 0;
    for (const [index, record] of records.entries()) {
      bytes += record.bytes.length + answerOverheadBytes;
      const more = bytes >= room && index < records.length - 1;
      this.#send([link], log, { record, from, nowMs, more });
      if (more) break;
      from = record.version;
    }
    return bytes;
  }

  #forward(log: OriginLog, said: Said, sender: string): void {
    const reached = this.#logs.get(sender)?.neighbours;
    const links: LinkId[] = [];
    for (const { link, identityKey } of this.#options.peers.askable([], noLink)) {
      const prefix = relayPrefix(identityKey);
      if (identityKey === sender || identityKey === log.key) continue;
      if (!log.neighbours.has(prefix) && reached?.has(prefix) !== true) links.push(link);
    }
    this.#send(links, log, said);
  }

  #handleLogTimeout(log: OriginLog, nowMs: number): void {
    log.purge(nowMs);
    const silentMs = nowMs - log.heardMs;
    if (silentMs >= originForgetMs) this.#logs.delete(log);
    if (silentMs >= ownedForgetMs) {
      const { heardMs } = log;
      for (const record of log.forget()) this.#changes.push({ kind: 'former', log, record, heardMs });
    } else if (silentMs >= ownedOverdueMs && log.isLive(nowMs)) {
      const peers = this.#options.peers.askable([], noLink);
      for (let asked = 0; asked < Math.min(ownedOverdueAskedMax, peers.length); asked++) {
        const { link } = peers[this.#overdueTurn++ % peers.length]!;
        this.#outputs.push({ kind: 'send', links: [link], message: haveOf([log]) });
      }
    }
  }

  /** Asks for what is in force behind a version. */
  #ask(link: LinkId, log: OriginLog, { version, nowMs }: { version: number; nowMs: number }): void {
    log.askedMs = nowMs;
    log.askedVersion = version;
    this.#outputs.push({ kind: 'send', links: [link], message: { ...haveOf([log]), versions: [version] } });
  }

  #send(links: readonly LinkId[], log: OriginLog, { record, from, nowMs, more = false }: Said): void {
    if (links.length === 0) return;
    const { version, bytes: entry, signature, learnedMs } = record;
    const { identity: origin, epoch } = log;
    const ageMs = Math.max(0, Math.min(ownedAgeMsMax, Math.round(nowMs - learnedMs)));
    const message = { kind: 'owned', origin, epoch, version, from, ageMs, entry, signature, more } as const;
    this.#outputs.push({ kind: 'send', links, message });
  }
}

interface Known {
  readonly epoch: number;
  readonly version: number;
}

interface ForeignInput {
  readonly link: LinkId;
  readonly sender: string;
  readonly origin: string;
  readonly message: Owned;
}

interface Said {
  readonly record: LogRecord;
  readonly from: number;
  readonly nowMs: number;
  readonly more?: boolean;
}

function isTrue(condition: () => boolean): boolean {
  try {
    return condition();
  } catch {
    return false; // an unusable key
  }
}

function haveOf(logs: readonly OriginLog[]): OwnedHave {
  return {
    kind: 'owned_have',
    origins: logs.map(({ identity }) => identity),
    epochs: logs.map(({ epoch }) => epoch),
    versions: logs.map(({ floor }) => floor),
  };
}

/** What OWNED adds to an entry, roughly. */
const answerOverheadBytes = 200;
