import {
  type ClaimSigner,
  type MemberClaim,
  type MemberState,
  Membership,
  type SwimMessage,
  type SwimProfile,
  updateBytes,
} from '@macula/swim';
import { type SeededRandom, SimulatedNetwork, type VirtualClock } from '@macula/testkit';

/** A change of one relay's view of another one. */
export interface Change {
  readonly at: string;
  readonly id: string;
  readonly state: MemberState;
  readonly previous: MemberState | undefined;
}

interface Relay {
  readonly member: Membership;
  /** Messages that wait in a relay that stands still; undefined while it runs. */
  inbox: { readonly from: string; readonly message: SwimMessage }[] | undefined;
  wakeAtMs: number;
  cancelWake: () => void;
}

/** Bytes around the updates of a message: QUIC and UDP headers, kind, number, target. */
const messageHeadBytes = 72;

/** Relays on a simulated network, each driven as a shell would drive it. */
export class Mesh {
  readonly network: SimulatedNetwork<SwimMessage>;
  readonly relays: Map<string, Relay> = new Map();
  onChange: (change: Change) => void = () => {};
  /** Sent so far, lists counted apart. */
  readonly sent: { messages: number; bytes: number; lists: number; listBytes: number } = {
    messages: 0,
    bytes: 0,
    lists: 0,
    listBytes: 0,
  };
  readonly #clock: VirtualClock;

  constructor(options: {
    readonly clock: VirtualClock;
    readonly random: SeededRandom;
    readonly relays: number;
    readonly profile: SwimProfile;
    readonly loss: number;
  }) {
    const { clock, random, relays, profile, loss } = options;
    this.#clock = clock;
    this.network = new SimulatedNetwork(clock, random.fork(), { loss, delayMs: 5, jitterMs: 15 });
    for (let index = 0; index < relays; index++) {
      // As long as a key's fingerprint and a URL.
      const id = `relay-${index}`.padEnd(43, '.');
      const metadata = new Uint8Array(50);
      const member = new Membership({ id, profile, metadata, signer, random: random.fork().next });
      this.relays.set(id, {
        member,
        inbox: undefined,
        wakeAtMs: Number.POSITIVE_INFINITY,
        cancelWake: () => {},
      });
      this.network.attach(id, (from, message) => this.#receive(id, from, message));
    }
    this.#start();
  }

  /** Ends a relay without a word. */
  kill(id: string): void {
    this.network.detach(id);
    this.relays.get(id)?.cancelWake();
    this.relays.delete(id);
  }

  /** A relay says something else of itself. */
  changeMetadata(id: string, metadata: Uint8Array): MemberClaim {
    const relay = this.#relay(id);
    relay.member.setMetadata(metadata, this.#clock.nowMs);
    this.#drain(id, relay);
    return relay.member.claim;
  }

  /** A relay stands still: nothing runs, what arrives waits. */
  stall(id: string): void {
    const relay = this.#relay(id);
    relay.inbox = [];
    relay.cancelWake();
    relay.wakeAtMs = Number.POSITIVE_INFINITY;
  }

  /** It goes on. @param timersFirst which of the two an event loop sees first */
  wake(id: string, timersFirst: boolean): void {
    const relay = this.#relay(id);
    const inbox = relay.inbox ?? [];
    relay.inbox = undefined;
    if (timersFirst) relay.member.handleTimeout(this.#clock.nowMs);
    for (const { from, message } of inbox) relay.member.handleMessage(from, message, this.#clock.nowMs);
    if (!timersFirst) relay.member.handleTimeout(this.#clock.nowMs);
    this.#drain(id, relay);
  }

  /** Everybody knows everybody from the start: joining is what the unit tests are for. */
  #start(): void {
    const gossip = Array.from(this.relays.values(), ({ member: { claim } }) => ({
      claim,
      state: 'alive' as const,
    }));
    for (const [id, relay] of this.relays) {
      const others = gossip.filter(({ claim }) => claim.id !== id);
      relay.member.join([], this.#clock.nowMs);
      relay.member.handleMessage(id, { kind: 'join_reply', gossip: others }, this.#clock.nowMs);
      this.#drain(id, relay);
    }
  }

  #receive(id: string, from: string, message: SwimMessage): void {
    const relay = this.#relay(id);
    if (relay.inbox !== undefined) {
      relay.inbox.push({ from, message });
      return;
    }
    relay.member.handleMessage(from, message, this.#clock.nowMs);
    this.#drain(id, relay);
  }

  #drain(id: string, relay: Relay): void {
    const { member } = relay;
    for (let output = member.pollOutput(); output !== undefined; output = member.pollOutput()) {
      if (output.kind === 'send') {
        this.#count(output.message);
        this.network.send(id, output.to, output.message);
      } else if (output.kind === 'changed') this.onChange({ ...output, at: id });
    }
    const atMs = member.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY;
    if (atMs === relay.wakeAtMs) return;
    relay.cancelWake();
    relay.wakeAtMs = atMs;
    relay.cancelWake = this.#clock.scheduleAt(atMs, () => {
      relay.wakeAtMs = Number.POSITIVE_INFINITY;
      member.handleTimeout(this.#clock.nowMs);
      this.#drain(id, relay);
    });
  }

  #count({ kind, gossip }: SwimMessage): void {
    let bytes = messageHeadBytes;
    for (const update of gossip) bytes += updateBytes(update);
    if (kind === 'join_reply') {
      this.sent.lists += 1;
      this.sent.listBytes += bytes;
    } else {
      this.sent.messages += 1;
      this.sent.bytes += bytes;
    }
  }

  #relay(id: string): Relay {
    const relay = this.relays.get(id);
    if (relay === undefined) throw new Error(`no relay ${id}`);
    return relay;
  }
}

/** Of the size of real ones. */
const signature = new Uint8Array(64);
const signer: ClaimSigner = { sign: () => signature, verify: () => true };
