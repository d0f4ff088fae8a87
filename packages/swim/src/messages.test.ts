import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { updateOf } from '../test/mesh.js';
import { SwimError } from './errors.js';
import { checkMessage, type SwimMessage } from './messages.js';

const valid: readonly SwimMessage[] = [
  { kind: 'ping', sequence: 1, gossip: [updateOf('a', 0, 'alive')] },
  { kind: 'ack', sequence: 2, gossip: [] },
  { kind: 'nack', sequence: 2, gossip: [updateOf('b', 3, 'suspect', 'a')] },
  { kind: 'ping_request', sequence: 3, target: 'b', gossip: [updateOf('c', 9, 'dead')] },
  { kind: 'compare', digest: 2 ** 32 - 1, gossip: [] },
  { kind: 'join', gossip: [updateOf('a', 1, 'left')] },
];

/** Any value may stand where a decoder found one of that type. */
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(-1, 2 ** 53, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY),
);
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('', 'constructor', '__proto__', 'alive', 'x'.repeat(10_000)),
);

/** The message with each number and text replaced by what `replacement` draws, now and then. */
function mutated(value: unknown, draw: (of: 'number' | 'text', value: unknown) => unknown): unknown {
  if (typeof value === 'number') return draw('number', value);
  if (typeof value === 'string') return draw('text', value);
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((part) => mutated(part, draw));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, part]) => [key, key === 'kind' ? part : mutated(part, draw)]),
  );
}

it('a mutated message is within its bounds, or a SwimError', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...valid),
      fc.array(fc.tuple(fc.boolean(), number, text), { minLength: 8, maxLength: 8 }),
      fc.constantFrom(0, 1, 4097, 5000),
      (message, draws, times) => {
        let turn = 0;
        const changed = mutated(message, (of, value) => {
          const [isKept, aNumber, aText] = draws[turn++ % draws.length]!;
          return isKept ? value : of === 'number' ? aNumber : aText;
        }) as SwimMessage;
        const repeated = { ...changed, gossip: Array.from({ length: times }, () => changed.gossip).flat() };
        expect(isWithinBounds(repeated) && repeated.gossip.length > 4097).toBe(false);
        if (!isWithinBounds(changed)) return;
        if (changed.kind === 'compare') expect(changed.digest).toBeGreaterThanOrEqual(0);
        for (const { claim, state, by } of changed.gossip) {
          expect(claim.id.length).toBeLessThanOrEqual(128);
          expect(Number.isSafeInteger(claim.incarnation)).toBe(true);
          expect(['alive', 'draining', 'left']).toContain(claim.status);
          expect(['alive', 'suspect', 'dead', 'left']).toContain(state);
          expect(by === undefined || by.length <= 128).toBe(true);
        }
      },
    ),
    { numRuns: runsOf(process.env, 500) },
  );
});

function isWithinBounds(message: SwimMessage): boolean {
  try {
    checkMessage(message);
    return true;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(SwimError);
    return false;
  }
}
