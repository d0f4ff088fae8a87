import { createHash } from 'node:crypto';
import {
  type LinkOptions,
  SeededRandom,
  SimulatedNetwork,
  seedsOf,
  VirtualClock,
  withReplayHint,
} from '@macula/testkit';
import {
  type ClaimSigner,
  claimBytes,
  type MemberClaim,
  type MemberState,
  Membership,
  type MemberUpdate,
  type SwimMessage,
  type SwimOutput,
  type SwimProfile,
  swimProfiles,
  type UnsignedClaim,
} from '../src/index.js';

export const profile = swimProfiles.lan;

/** As good as a signature where nobody tries to forge one. */
export function signature(claim: UnsignedClaim): Uint8Array {
  return new Uint8Array(
    createHash('sha256').update('secret of ').update(claim.id).update(claimBytes(claim)).digest(),
  );
}

export const signer: ClaimSigner = {
  sign: signature,
  verify: (claim) => Buffer.from(signature(claim)).equals(claim.signature),
};

/** A claim, signed by the member itself. */
export function claimOf(id: string, incarnation: number, change: Partial<MemberClaim> = {}): MemberClaim {
  const claim = { id, incarnation, status: 'alive' as const, metadata: new Uint8Array(0), ...change };
  return { ...claim, signature: change.signature ?? signature(claim) };
}

/** What is said of a member. */
export function updateOf(id: string, incarnation: number, state: MemberState, by?: string): MemberUpdate {
  const claim = claimOf(id, incarnation, { status: state === 'left' ? 'left' : 'alive' });
  return by === undefined ? { claim, state } : { claim, state, by };
}

/** Members on a simulated network; each is driven exactly as a shell would. */
export class Mesh {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork<SwimMessage>;
  readonly members: Map<string, Membership> = new Map();
  readonly events: (Exclude<SwimOutput, { kind: 'send' }> & { at: string; nowMs: number })[] = [];
  /** Whether two members are connected: those that aren't can't send each other anything, and know that. */
  isConnected: (from: string, to: string) => boolean = () => true;
  readonly #cancels = new Map<string, () => void>();
  readonly #stalled = new Map<string, { from: string; message: SwimMessage }[]>();

  constructor(
    seed: number,
    options: Partial<LinkOptions> = {},
    readonly profile: SwimProfile = swimProfiles.lan,
  ) {
    this.random = new SeededRandom(seed);
    this.network = new SimulatedNetwork(this.clock, this.random.fork(), {
      delayMs: 10,
      jitterMs: 20,
      ...options,
    });
  }

  /** @param address where its messages go; the id, but where two members have one */
  start(
    id: string,
    seeds: readonly string[],
    incarnation = 0,
    metadata: Uint8Array = new Uint8Array(0),
    address: string = id,
  ): Membership {
    const random = this.random.fork().next;
    const reaches = (to: string) => this.isConnected(id, to);
    const member = new Membership({
      ...{ id, profile: this.profile, incarnation, metadata, signer, random, reaches },
    });
    this.members.set(address, member);
    this.network.attach(address, (from, message) => {
      const inbox = this.#stalled.get(address);
      if (inbox !== undefined) {
        inbox.push({ from, message });
        return;
      }
      member.handleMessage(from, message, this.clock.nowMs);
      this.drain(address);
    });
    member.join(seeds, this.clock.nowMs);
    this.drain(address);
    return member;
  }

  startMany(count: number): this {
    for (let index = 0; index < count; index++) this.start(`m${index}`, ['m0']);
    return this;
  }

  kill(id: string): void {
    this.network.detach(id);
    this.#cancels.get(id)?.();
    this.members.delete(id);
  }

  /** The process stands still; what arrives waits. */
  stall(id: string): void {
    this.#cancels.get(id)?.();
    this.#stalled.set(id, []);
  }

  wake(id: string, first: 'timers' | 'messages'): void {
    const member = this.members.get(id)!;
    const inbox = this.#stalled.get(id)!;
    this.#stalled.delete(id);
    if (first === 'timers') member.handleTimeout(this.clock.nowMs);
    for (const { from, message } of inbox) member.handleMessage(from, message, this.clock.nowMs);
    if (first === 'messages') member.handleTimeout(this.clock.nowMs);
    this.drain(id);
  }

  drain(id: string): void {
    const member = this.members.get(id)!;
    for (let output = member.pollOutput(); output !== undefined; output = member.pollOutput()) {
      if (output.kind === 'send' && !this.isConnected(id, output.to)) continue;
      if (output.kind === 'send') this.network.send(id, output.to, output.message);
      else this.events.push({ ...output, at: id, nowMs: this.clock.nowMs });
    }
    this.#cancels.get(id)?.();
    const timeout = member.pollTimeout();
    if (timeout === undefined) return;
    this.#cancels.set(
      id,
      this.clock.scheduleAt(timeout.atMs, () => {
        member.handleTimeout(this.clock.nowMs);
        this.drain(id);
      }),
    );
  }

  /** What each member says of `id`, without repetition. */
  opinions(id: string): (MemberState | undefined)[] {
    const others = [...this.members.values()].filter((member) => member.id !== id);
    return [...new Set(others.map((member) => member.stateOf(id)))];
  }

  changes(state: MemberState): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'changed' && event.state === state ? [event.id] : [],
    );
  }
}

/** Runs a test with several seeds; a failure says which one. */
export function withSeeds(count: number, test: (seed: number) => void): void {
  const command = 'npx vitest run --project unit packages/swim';
  for (const seed of seedsOf(process.env, count)) withReplayHint(seed, command, () => test(seed));
}

/** What a member wants sent, and nothing else. */
export function sentBy(member: Membership): { to: string; message: SwimMessage }[] {
  const sent: { to: string; message: SwimMessage }[] = [];
  for (let output = member.pollOutput(); output !== undefined; output = member.pollOutput())
    if (output.kind === 'send') sent.push(output);
  return sent;
}
