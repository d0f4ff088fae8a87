import { heldBytes, mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { updateOf } from '../test/mesh.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { SwimError } from './errors.js';
import type { MemberUpdate, SwimMessage } from './messages.js';

const whole = 48 * 1024;
const signed: MemberUpdate = {
  claim: {
    id: 'ä'.repeat(128),
    incarnation: 2 ** 48,
    status: 'draining',
    metadata: new Uint8Array(256).fill(1),
    signature: new Uint8Array(128).fill(2),
  },
  state: 'suspect',
  by: 'ö'.repeat(128),
};
const messages: readonly SwimMessage[] = [
  { kind: 'ping', sequence: 2 ** 53 - 1, gossip: [updateOf('a', 0, 'alive'), signed] },
  { kind: 'ack', sequence: 0, gossip: [] },
  { kind: 'nack', sequence: 2, gossip: [updateOf('b', 3, 'suspect', 'a')] },
  { kind: 'ping_request', sequence: 3, target: 'b', gossip: [updateOf('c', 9, 'dead')] },
  { kind: 'compare', digest: 2 ** 32 - 1, gossip: [] },
  { kind: 'join', gossip: [updateOf('a', 1, 'left')] },
  { kind: 'join_reply', gossip: [signed, signed, updateOf('a', 1, 'alive')] },
  { kind: 'gossip', gossip: [signed] },
];

it('messages are read as they were written', () => {
  for (const message of messages) expect(encodeMessage(message, whole).map(decodeMessage)).toEqual([message]);
});

it('what was read from a Buffer stays as it is when that is used again', () => {
  const [bytes] = encodeMessage({ kind: 'gossip', gossip: [signed] }, whole);
  const received = Buffer.from(bytes!);
  const read = decodeMessage(received);
  received.fill(0);
  expect(read.gossip).toEqual([signed]);
});

it('the layout is what the documentation says', () => {
  const [ping] = encodeMessage({ kind: 'ping', sequence: 258, gossip: [] }, whole);
  expect(Buffer.from(ping!).toString('hex')).toBe('000000000000000102');
  const claim = {
    id: 'ab',
    incarnation: 1,
    status: 'left' as const,
    metadata: Uint8Array.of(7),
    signature: Uint8Array.of(8, 9),
  };
  const [gossip] = encodeMessage({ kind: 'gossip', gossip: [{ claim, state: 'left' }] }, whole);
  expect(Buffer.from(gossip!).toString('hex')).toBe(
    `07${'00026162'}${'0000000000000001'}${'02'}${'000107'}${'020809'}${'03'}${'0000'}`,
  );
});

it('a list that is too large comes in several messages, none of them too large', () => {
  const gossip = Array.from({ length: 300 }, (_, index) => updateOf(`member ${index}`, index, 'alive'));
  const parts = encodeMessage({ kind: 'join_reply', gossip }, 2048);
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) expect(part.length).toBeLessThanOrEqual(2048);
  const read = parts.map(decodeMessage);
  expect(read.every(({ kind }) => kind === 'join_reply')).toBe(true);
  expect(read.flatMap((message) => message.gossip)).toEqual(gossip);
});

it('mutated bytes are a message within its bounds, or a SwimError', () => {
  const encoded = messages.flatMap((message) => encodeMessage(message, whole));
  fc.assert(
    fc.property(
      fc.constantFrom(...encoded),
      fc.constantFrom(...encoded),
      fc.uint8Array({ minLength: 1, maxLength: 24 }),
      (one, other, recipe) => {
        const bytes = mutate(one, other, recipe);
        let message: SwimMessage;
        try {
          message = decodeMessage(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(SwimError);
          return;
        }
        expect(heldBytes(message)).toBeLessThanOrEqual(2 * bytes.length + 64); // names of kinds and states
        expect(encodeMessage(message, whole).map(decodeMessage)).toEqual([message]);
      },
    ),
    { numRuns: runsOf(process.env, 3000) },
  );
});
