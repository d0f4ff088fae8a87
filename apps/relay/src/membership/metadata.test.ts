import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeMetadata, encodeMetadata } from './metadata.js';

it('is read as it was written', () => {
  for (const facts of [
    { url: 'https://relay.example.org:4433', label: 'relay' },
    { url: undefined, label: '' },
    { url: 'quic://[2001:db8::1]:443', label: 'ä' },
  ])
    expect(decodeMetadata(encodeMetadata(facts))).toEqual(facts);
});

it('has at most 256 bytes; a label that is too long is cut between two characters', () => {
  const url = `https://${'a'.repeat(187)}:4433`;
  const bytes = encodeMetadata({ url, label: `a${'ä'.repeat(40)}` });
  expect(bytes.length).toBeLessThanOrEqual(256);
  expect(decodeMetadata(bytes)).toEqual({ url, label: `a${'ä'.repeat(23)}` });
});

it('of a later version, or without sense, says nothing', () => {
  const nothing = { url: undefined, label: '' };
  for (const bytes of [[], [2, 0], [1], [1, 5, 1]])
    expect(decodeMetadata(Uint8Array.from(bytes))).toEqual(nothing);
  expect(decodeMetadata(encodeMetadata({ url: 'no URL', label: 'x' }))).toEqual({
    url: undefined,
    label: 'x',
  });
});

it('mutated bytes are facts whose URL is one, without pins', () => {
  const valid = [
    encodeMetadata({ url: 'https://relay.example.org:4433', label: 'relay' }),
    encodeMetadata({ url: `https://r:1#id=${'b'.repeat(43)}`, label: 'relay' }),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...valid),
      fc.constantFrom(...valid),
      fc.uint8Array({ minLength: 1, maxLength: 24 }),
      (one, other, recipe) => {
        const { url, label } = decodeMetadata(mutate(one, other, recipe));
        expect(label).toBeTypeOf('string');
        if (url !== undefined) expect(url).toMatch(/^(https|quic|quinn|tls):\/\/[^#]+:\d+$/);
      },
    ),
    { numRuns: runsOf(process.env, 2000) },
  );
});
