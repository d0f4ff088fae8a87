import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf, meshSeed, nameOf, recordOf, signature, signer } from '../test/mesh.js';
import { Directory, DirectoryError, type DirectoryMessage, type DirectoryOutput, outranks } from './index.js';
import { keyOf } from './keys.js';

const id = fc.constantFrom('self', 'a', 'b', 'c', 'd');
const name = fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n4', 'n5');
const small = fc.nat({ max: 3 });
const element = name.map((text) => hashOf(text));
const record = fc
  .record({
    relay: id,
    about: name,
    version: fc.nat({ max: 6 }),
    sinceMs: small,
    sessionSeq: small,
    epoch: fc.constantFrom(0, 1, 1, 1, 2),
  })
  .chain(({ about, relay, ...change }) => {
    const signed = recordOf(relay, about, change);
    return fc.oneof(
      { weight: 5, arbitrary: fc.constant(signed) },
      // Forged, of another name, or out of bounds.
      { weight: 1, arbitrary: fc.constant({ ...signed, sessionSeq: 9 }) },
      { weight: 1, arbitrary: fc.constant({ ...signed, element: hashOf('n9') }) },
      { weight: 1, arbitrary: fc.constant({ ...signed, version: -1 }) },
    );
  });
const records = fc.array(record, { maxLength: 5 });
const held = fc.option(fc.record({ from: small, count: small, digest: fc.constantFrom(0, 1, -1) }), {
  nil: undefined,
});
const sequence = fc.nat({ max: 9 });
const epoch = fc.constantFrom(0, 1, 2);
const message: fc.Arbitrary<DirectoryMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('place' as const),
    dropped: fc.array(element, { maxLength: 3 }),
    ...{ epoch, sequence, held, records },
  }),
  fc.record({
    kind: fc.constant('placed' as const),
    status: fc.constantFrom('ok' as const, 'differs' as const, 'full' as const),
    ...{ epoch, sequence },
  }),
  fc.record({ kind: fc.constant('outdone' as const), records }),
  fc.record({ kind: fc.constant('ask' as const), query: sequence, element }),
  fc.record({
    kind: fc.constant('answer' as const),
    query: sequence,
    isSettled: fc.boolean(),
    record: fc.option(record, { nil: undefined }),
  }),
);
const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('hear' as const), from: id, message }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 20_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), id, epoch }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const), name, sessionSeq: small }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), name }) },
);

/** Drives a relay and checks, after each step, what must hold whatever others do. */
class Watched {
  readonly relay = new Directory({ id: 'self', epoch: 1, seed: meshSeed, signer, recordsMax: 64 }, 0);
  readonly #members = new Map<string, number>([['self', 1]]);
  readonly #own = new Map<string, { sessionSeq: number }>();
  readonly #asking = new Map<string, number>();
  #nowMs = 0;

  act(step: typeof action extends fc.Arbitrary<infer Step> ? Step : never): void {
    const { relay } = this;
    try {
      if (step.do === 'hear') relay.handleMessage(step.from, step.message, this.#nowMs);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(DirectoryError);
    }
    if (step.do === 'wait') this.#wait(step.ms);
    else if (step.do === 'join') {
      relay.setMember(step.id, step.epoch, this.#nowMs);
      if (step.id !== 'self') this.#members.set(step.id, step.epoch);
    } else if (step.do === 'leave') {
      relay.removeMember(step.id, this.#nowMs);
      if (step.id !== 'self') this.#members.delete(step.id);
    } else if (step.do === 'publish') {
      relay.publish(nameOf(step.name, { sessionSeq: step.sessionSeq, sinceMs: 2 }), this.#nowMs);
      this.#own.set(keyOf(hashOf(step.name)), { sessionSeq: step.sessionSeq });
    } else if (step.do === 'withdraw') {
      relay.withdraw(hashOf(step.name), this.#nowMs);
      this.#own.delete(keyOf(hashOf(step.name)));
    } else if (step.do === 'ask') {
      const key = keyOf(hashOf(step.name));
      if (!this.#asking.has(key)) this.#asking.set(key, this.#nowMs);
      relay.lookup(hashOf(step.name), this.#nowMs);
    }
    this.#check();
  }

  #wait(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const atMs = this.relay.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY;
      if (atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, atMs);
      this.relay.handleTimeout(this.#nowMs);
      expect(this.relay.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(this.#nowMs);
      this.#check();
    }
    this.#nowMs = untilMs;
  }

  #check(): void {
    const { relay } = this;
    for (let output = relay.pollOutput(); output !== undefined; output = relay.pollOutput())
      this.#checkOutput(output);
    expect(relay.names).toBe(this.#own.size);
    expect(relay.kept).toBeLessThanOrEqual(64);
    for (const sinceMs of this.#asking.values()) expect(this.#nowMs - sinceMs).toBeLessThanOrEqual(3_000);
  }

  #checkOutput(output: DirectoryOutput): void {
    if (output.kind === 'answered') {
      expect(this.#asking.delete(keyOf(output.element))).toBe(true);
      expect(output.record !== undefined).toBe(output.outcome === 'found');
      if (output.record === undefined) return;
      expect(keyOf(output.record.element)).toBe(keyOf(output.element));
      this.#checkSigned(output.record);
    } else if (output.kind === 'lost') {
      const own = this.#own.get(keyOf(output.element));
      expect(own).toBeDefined();
      this.#checkSigned(output.winner);
      expect(outranks(output.winner, { ...output.winner, ...this.#ownRecord(output.winner, own!) })).toBe(
        true,
      );
    } else if (output.kind === 'send') {
      expect(output.to).not.toBe('self');
      const { message: sent } = output;
      if (sent.kind === 'place') for (const one of sent.records) expect(one.relay).toBe('self');
      if (sent.kind === 'outdone') for (const one of sent.records) this.#checkSigned(one);
      if (sent.kind === 'answer' && sent.record !== undefined) this.#checkSigned(sent.record);
    }
  }

  #ownRecord({ element: wanted }: { element: Uint8Array }, { sessionSeq }: { sessionSeq: number }) {
    const own = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'].find((text) => keyOf(hashOf(text)) === keyOf(wanted))!;
    return nameOf(own, { sessionSeq, sinceMs: 2 });
  }

  /** What is shown to anybody is of a relay that takes part, and signed by it. */
  #checkSigned(shown: ReturnType<typeof recordOf>): void {
    expect(Buffer.from(signature(shown)).equals(shown.signature)).toBe(true);
    expect(this.#members.has(shown.relay)).toBe(true);
    expect(shown.epoch).toBeGreaterThanOrEqual(this.#members.get(shown.relay)!);
  }
}

describe('whatever others say and whenever', () => {
  it('D20: only DirectoryErrors come out, only signed records of members are shown, lookups end, and nothing grows', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const watched = new Watched();
        for (const one of actions) watched.act(one);
      }),
      { numRuns: runsOf(process.env, 800) },
    );
  });
});
