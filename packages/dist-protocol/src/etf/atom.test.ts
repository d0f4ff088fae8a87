import { describe, expect, it } from 'vitest';
import { atom, decodeTerm, encodeTerm } from '../index.js';

const latin1 = (...bytes: number[]): Uint8Array => Uint8Array.of(131, 100, 0, bytes.length, ...bytes);
const utf8 = (...bytes: number[]): Uint8Array => Uint8Array.of(131, 119, bytes.length, ...bytes);

describe('an atom that was read before', () => {
  it('is the same object, from Latin-1 and from UTF-8', () => {
    expect(decodeTerm(latin1(111, 107))).toBe(atom('ok'));
    expect(decodeTerm(utf8(111, 107))).toBe(atom('ok'));
    expect(decodeTerm(latin1(111, 107))).toBe(atom('ok'));
  });

  it('is not one of equal bytes in the other encoding', () => {
    // c3 b6 is ö in UTF-8 and Ã¶ in Latin-1.
    for (let round = 0; round < 2; round++) {
      expect(decodeTerm(utf8(0xc3, 0xb6))).toBe(atom('ö'));
      expect(decodeTerm(latin1(0xc3, 0xb6))).toBe(atom('Ã¶'));
    }
  });

  it('is found among many that take its place in the table', () => {
    for (let round = 0; round < 2; round++)
      for (let index = 0; index < 5_000; index++) {
        const name = `atom_${index}`;
        expect(decodeTerm(encodeTerm(atom(name)))).toBe(atom(name));
      }
  });

  it('may be long', () => {
    for (const name of ['a'.repeat(255), 'λ'.repeat(127), 'λ'.repeat(128), 'λ'.repeat(255), ''])
      for (let round = 0; round < 2; round++) expect(decodeTerm(encodeTerm(atom(name)))).toBe(atom(name));
  });
});
