import { DirectoryError } from './errors.js';
import { Keeper } from './keeper.js';
import { keyOf } from './keys.js';
import { recordsMaxDefault } from './limits.js';
import { Lookups } from './lookups.js';
import { type MemberChange, Members } from './members.js';
import { type AnswerMessage, checkMessage, type DirectoryMessage, type OutdoneMessage } from './messages.js';
import type { DirectoryOptions, DirectoryOutput, DirectoryTimeout, LossReason } from './options.js';
import { Publisher } from './publisher.js';
import {
  checkElement,
  type DirectoryRecord,
  isCounter,
  isRelayId,
  isSameRecord,
  type OwnName,
  outranks,
  type RecordSigner,
} from './record.js';
import { RoundTrips } from './round-trips.js';

/**
 * One relay's part in the directory of the mesh: it places its own names with the three relays that own each, keeps what others place with it, and asks owners where a
 * name is. A state machine without clock, sockets or chance.
 *
 * Call order: any of `setMember`, `removeMember`, `publish`, `withdraw`, `lookup`, `handleMessage`, `handleTimeout`; after each one drain
 * `pollOutput` to undefined, then ask `pollTimeout` and call `handleTimeout` at that time. `nowMs` is monotonic and never goes back.
 *
 * SPEC.md lists the invariants.
 */
export class Directory {
  readonly id: string;
  readonly #signer: RecordSigner;
  readonly #members: Members;
  readonly #roundTrips: RoundTrips;
  readonly #publisher: Publisher;
  readonly #keeper: Keeper;
  readonly #lookups: Lookups;
  readonly #outputs: DirectoryOutput[] = [];
  /** Messages of this relay to itself. */
  readonly #own: DirectoryMessage[] = [];
  /** Of own names: the record of another relay that the caller has been told of. */
  readonly #lost = new Map<string, DirectoryRecord>();

  /** @throws {DirectoryError} `invalid_option` */
  constructor({ id, epoch, seed, signer, recordsMax = recordsMaxDefault }: DirectoryOptions, nowMs: number) {
    if (!isRelayId(id)) throw invalidOption('id must have 1 to 128 visible ASCII characters');
    if (!isCounter(epoch)) throw invalidOption('epoch must be an integer from 0 to 2^53 - 1');
    if (!Number.isInteger(seed)) throw invalidOption('seed must be an integer');
    if (!Number.isInteger(recordsMax) || recordsMax < recordsMaxLeast)
      throw invalidOption(`recordsMax must be an integer of ${recordsMaxLeast} or more`);
    this.id = id;
    this.#signer = signer;
    const emit = (output: DirectoryOutput) => this.#emit(output);
    const members = new Members(seed);
    const roundTrips = new RoundTrips();
    const own = (element: Uint8Array, atMs: number) => this.#known(element, atMs);
    members.set(id, epoch, nowMs);
    this.#members = members;
    this.#roundTrips = roundTrips;
    this.#publisher = new Publisher({ id, epoch, signer, members, roundTrips, emit });
    this.#keeper = new Keeper({ id, signer, members, recordsMax, emit });
    this.#lookups = new Lookups({ id, signer, members, roundTrips, own, emit });
  }

  /** Own names. */
  get names(): number {
    return this.#publisher.size;
  }

  /** Records that this relay keeps as an owner, its own among them. */
  get kept(): number {
    return this.#keeper.size;
  }

  /** Records that this relay keeps of another one. */
  keptOf(relay: string): number {
    return this.#keeper.sizeOf(relay);
  }

  /** Lookups under way. */
  get lookups(): number {
    return this.#lookups.size;
  }

  /** Answers remembered. */
  get remembered(): number {
    return this.#lookups.remembered;
  }

  /**
   * A relay takes part: its membership says alive, suspect or draining, and which epoch its life has. Again with another epoch: it has begun a new life, and forgotten everything.
   *
   * @throws {DirectoryError} `too_many_members`; `invalid_option` for an id or epoch that can't be one
   */
  setMember(id: string, epoch: number, nowMs: number): void {
    if (!isRelayId(id) || !isCounter(epoch)) throw invalidOption(`no relay id or epoch: ${id}, ${epoch}`);
    if (id === this.id) return;
    this.#handleChange(id, this.#members.set(id, epoch, nowMs), nowMs);
  }

  /** A relay takes no part: its membership says dead or left. Its records don't count while it is away, and are forgotten when it stays away. */
  removeMember(id: string, nowMs: number): void {
    if (id === this.id) return;
    this.#handleChange(id, this.#members.remove(id, nowMs), nowMs);
  }

  /**
   * A session of this relay has a name, or what is said of it has changed. The byte arrays are kept as they are: don't change them.
   *
   * @throws {DirectoryError} `invalid_record`, `too_many_names`
   */
  publish(name: OwnName, nowMs: number): void {
    this.#publisher.publish(name, nowMs);
    this.#lost.delete(keyOf(name.element));
    this.#handleOwn(nowMs);
  }

  /** No session of this relay has the name any more. @throws {DirectoryError} `invalid_record` for what is no element */
  withdraw(element: Uint8Array, nowMs: number): void {
    this.#publisher.withdraw(checkElement(element), nowMs);
    this.#lost.delete(keyOf(element));
    this.#handleOwn(nowMs);
  }

  /**
   * Asks where a name is; `answered` says so, at once where it is known. Several for one element at a time are one. The element is kept as it is: don't change it.
   *
   * @param except records that the caller was given and found to be wrong: they are no answer, and nothing remembered is
   * @throws {DirectoryError} `invalid_record` for what is no element
   */
  lookup(element: Uint8Array, nowMs: number, except: readonly DirectoryRecord[] = []): void {
    this.#lookups.begin(checkElement(element), except, nowMs);
    this.#handleOwn(nowMs);
  }

  /**
   * Takes a message. The shell vouches for `fromId`: it is the id of the authenticated relay, which is admitted to the mesh.
   * What comes under this relay's own id is ignored.
   *
   * @throws {DirectoryError} `invalid_message` when it is out of bounds; nothing changed then
   */
  handleMessage(fromId: string, message: DirectoryMessage, nowMs: number): void {
    checkMessage(message);
    if (fromId === this.id) return;
    this.#handle(fromId, message, nowMs);
    this.#handleOwn(nowMs);
  }

  /** Does everything that is due at `nowMs`. Calling it too early is harmless. */
  handleTimeout(nowMs: number): void {
    this.#publisher.handleTimeout(nowMs);
    this.#lookups.handleTimeout(nowMs);
    this.#keeper.handleTimeout(nowMs);
    this.#handleOwn(nowMs);
  }

  /** The next thing to do for the shell, or `undefined` when all is done. */
  pollOutput(): DirectoryOutput | undefined {
    return this.#outputs.shift();
  }

  /** When `handleTimeout` is to be called next, and for what; `undefined` while there is nothing to wait for. */
  pollTimeout(): { readonly atMs: number; readonly why: DirectoryTimeout } | undefined {
    const times: Readonly<Record<DirectoryTimeout, number>> = {
      ...this.#publisher.nextMs,
      ...this.#keeper.nextMs,
      ask: this.#lookups.nextMs,
    };
    let next: { atMs: number; why: DirectoryTimeout } | undefined;
    for (const why of reasons)
      if (times[why] < (next?.atMs ?? Number.POSITIVE_INFINITY)) next = { atMs: times[why], why };
    return next;
  }

  #handleChange(id: string, change: MemberChange, nowMs: number): void {
    if (change === 'none') return;
    if (change === 'joined') this.#publisher.handleJoined(id, nowMs);
    if (change === 'reborn') this.#publisher.handleReborn(id, nowMs);
    if (change === 'left') {
      this.#publisher.handleLeft(id, nowMs);
      this.#lookups.handleLeft(id, nowMs);
      this.#roundTrips.delete(id);
    }
    this.#keeper.handleMemberChanged(id, nowMs);
    this.#handleOwn(nowMs);
  }

  #handle(from: string, message: DirectoryMessage, nowMs: number): void {
    switch (message.kind) {
      case 'place': {
        const status = this.#keeper.handlePlace(from, message, nowMs);
        const { epoch, sequence } = message;
        if (status !== undefined)
          this.#emit({ kind: 'send', to: from, message: { kind: 'placed', epoch, sequence, status } });
        return;
      }
      case 'placed':
        this.#publisher.handlePlaced(from, message, nowMs);
        return;
      case 'outdone':
        this.#handleOutdone(from, message);
        return;
      case 'ask': {
        const { query, element } = message;
        const answer = { kind: 'answer' as const, query, ...this.#known(element, nowMs) };
        this.#emit({ kind: 'send', to: from, message: answer });
        return;
      }
      case 'answer':
        this.#lookups.handleAnswer(from, message, nowMs);
    }
  }

  /** What this relay knows of an element, as an owner or not. */
  #known(element: Uint8Array, nowMs: number): Omit<AnswerMessage, 'kind' | 'query'> {
    const record = this.#keeper.find(element);
    const isOwner = this.#members.ownersOf(element).includes(this.id);
    const isSettled = isOwner && this.#members.formerOwnersOf(element, nowMs).includes(this.id);
    return { record, isSettled };
  }

  /** Nobody is believed who says that a name belongs to another relay: that relay's signature is. */
  #handleOutdone(from: string, { records }: OutdoneMessage): void {
    for (const winner of records) {
      const key = keyOf(winner.element);
      const own = this.#publisher.record(winner.element);
      const known = this.#lost.get(key);
      if (own === undefined || (known !== undefined && isSameRecord(known, winner))) continue;
      const lifeEpoch = this.#members.epochOf(winner.relay);
      if (winner.relay === this.id || lifeEpoch === undefined || winner.epoch < lifeEpoch) continue;
      if (!outranks(winner, own)) continue; // the own record has changed meanwhile
      if (!this.#signer.verify(winner)) {
        this.#emit({ kind: 'refused', relay: winner.relay, from });
        return;
      }
      this.#lost.set(key, winner);
      this.#emit({ kind: 'lost', element: winner.element, why: reasonOf(own, winner), winner });
    }
  }

  #emit(output: DirectoryOutput): void {
    if (output.kind === 'send' && output.to === this.id) this.#own.push(output.message);
    else this.#outputs.push(output);
  }

  #handleOwn(nowMs: number): void {
    for (let message = this.#own.shift(); message !== undefined; message = this.#own.shift())
      this.#handle(this.id, message, nowMs);
  }
}

function reasonOf(own: DirectoryRecord, winner: DirectoryRecord): LossReason {
  if (keyOf(own.identity) !== keyOf(winner.identity)) return 'name_taken';
  return keyOf(own.bootId) === keyOf(winner.bootId) ? 'superseded' : 'replaced';
}

function invalidOption(why: string): DirectoryError {
  return new DirectoryError('invalid_option', why);
}

/** A share for each of so many relays. */
const recordsMaxLeast = 64;
const reasons: readonly DirectoryTimeout[] = ['place', 'refresh', 'release', 'ask', 'tell', 'expiry'];
