import { parseRelayUrl } from '@macula/transport';
import { expect, it } from 'vitest';
import { retryHonouredMsMax } from './limits.js';
import { RelayHolds } from './relay-holds.js';

const [a, b] = ['https://a:1', 'https://b:1'].map(parseRelayUrl) as [
  ReturnType<typeof parseRelayUrl>,
  ReturnType<typeof parseRelayUrl>,
];

it('leaves a relay alone until the time it said, and at most for so long', () => {
  const holds = new RelayHolds();
  holds.note(a, 3000, 1000);
  holds.note(b, undefined, 1000);
  expect(holds.free([a, b], 1000)).toEqual([b]);
  expect(holds.waitMs([a], 1500)).toBe(2500);
  expect(holds.waitMs([a, b], 1500)).toBe(0);
  expect(holds.free([a, b], 4000)).toEqual([a, b]);
  holds.note(b, Number.MAX_SAFE_INTEGER, 4000);
  expect(holds.waitMs([b], 4000)).toBe(retryHonouredMsMax);
  holds.forget(b);
  expect(holds.free([b], 4000)).toEqual([b]);
  expect(holds.waitMs([], 4000)).toBe(0);
});
