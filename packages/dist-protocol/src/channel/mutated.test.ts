import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySignal } from '../../test/arbitrary-signals.js';
import { anyTerm } from '../../test/arbitrary-terms.js';
import { ChannelError, DistChannel, EtfError, formatTerm, type Signal, tuple } from '../index.js';
import { decodeControl } from './control.js';

const styles = [
  { distributionHeader: false, fragments: false },
  { distributionHeader: true, fragments: true },
];

/** What a peer with these signals sends; it begins with a large message where fragments are wanted. */
function sent(options: (typeof styles)[number], signals: readonly Signal[]): Uint8Array {
  const channel = new DistChannel(options, 0);
  for (const signal of signals) channel.send(signal);
  const parts: Uint8Array[] = [];
  for (let some = channel.pollTransmit(); some !== undefined; some = channel.pollTransmit())
    parts.push(...some);
  return Buffer.concat(parts);
}

describe('mutated packets', () => {
  it('are signals, or a ChannelError or EtfError, and hold no more than they have', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...styles),
        fc.array(anySignal, { minLength: 1, maxLength: 3 }),
        fc.array(anySignal, { minLength: 1, maxLength: 3 }),
        fc.uint8Array({ minLength: 1, maxLength: 24 }),
        (options, one, other, recipe) => {
          const bytes = mutate(sent(options, one), sent(options, other), recipe);
          const channel = new DistChannel(options, 0);
          channel.handleBytes(bytes);
          let count = 0;
          for (let found = channel.pollOutput(); found !== undefined; found = channel.pollOutput()) {
            count += 1;
            if (found.kind === 'signal') expect(typeof found.signal.kind).toBe('string');
            else if (!(found.error instanceof ChannelError)) expect(found.error).toBeInstanceOf(EtfError);
          }
          expect(count).toBeLessThanOrEqual(bytes.length / 5 + 1);
        },
      ),
      { numRuns: runsOf(process.env, 2_000) },
    );
  });

  it('are fragments in every order, or a ChannelError', () => {
    const first = sent(styles[1]!, [
      ...fc.sample(anySignal, { numRuns: 2, seed: 1 }),
      { ...large(1), kind: 'send' },
      { ...large(2), kind: 'send' },
    ]);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 16 }), fc.boolean(), (recipe, joins) => {
        const bytes = mutate(first, joins ? first : new Uint8Array(8), recipe);
        const channel = new DistChannel(styles[1]!, 0);
        channel.handleBytes(bytes);
        for (let found = channel.pollOutput(); found !== undefined; found = channel.pollOutput()) {
          if (found.kind === 'failed' && !(found.error instanceof ChannelError))
            expect(found.error).toBeInstanceOf(EtfError);
        }
      }),
      { numRuns: runsOf(process.env, 60) },
    );

    function large(id: number) {
      const { from, to } = fc
        .sample(anySignal, { numRuns: 200, seed: id })
        .find((signal) => signal.kind === 'link') as Extract<Signal, { kind: 'link' }>;
      return { from, to, message: new Uint8Array(150_000) };
    }
  });
});

describe('any term as a control message', () => {
  it('is a signal or a ChannelError', () => {
    const parts = fc.array(anyTerm, { maxLength: 6 });
    fc.assert(
      fc.property(fc.nat({ max: 40 }), parts, (operation, rest) => {
        const term = tuple(operation, ...rest);
        try {
          expect(typeof decodeControl(term).signal.kind).toBe('string');
        } catch (thrown) {
          expect(thrown, formatTerm(term)).toBeInstanceOf(ChannelError);
        }
      }),
      { numRuns: runsOf(process.env, 2_000) },
    );
  });
});
