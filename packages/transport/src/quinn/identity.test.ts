import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TransportError } from '../errors.js';
import { bindingOf, identityOfSeed, identityText, publicKeyOfMultiaddr } from './identity.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('identity', () => {
  test('RFC 8032, section 7.1, test 1', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const { publicKey, privateKeyProto } = identityOfSeed(seed);
    expect(hex(publicKey)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(hex(privateKeyProto)).toBe(`08011240${hex(seed)}${hex(publicKey)}`);
    expect(identityText(publicKey)).toHaveLength(43);
  });

  test('the Ed25519 vector of the libp2p peer ids specification', () => {
    const seed = '7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d';
    const { privateKeyProto } = identityOfSeed(Buffer.from(seed, 'hex'));
    expect(hex(privateKeyProto)).toBe(
      `08011240${seed}1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e`,
    );
  });

  test('the key of a peer id; another kind of key, nonsense', () => {
    // Examples of the same specification: an Ed25519 key starts with 12D3KooW, the hash of an RSA key with Qm.
    const ed25519 = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA';
    const key = publicKeyOfMultiaddr(`/ip4/127.0.0.1/udp/1/quic-v1/p2p/${ed25519}`);
    expect(hex(key)).toBe('2ffa35a99d3a3cfbb17bb7c1dc5561b18a8dcca4df38dc613ea859c37eb1336b');
    for (const id of [
      'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
      '12D3KooW',
      '0OIl',
      '',
      'z'.repeat(500),
    ]) {
      expect(() => publicKeyOfMultiaddr(`/p2p/${id}`)).toThrowError(
        expect.objectContaining({ code: 'handshake_failed' }),
      );
    }
  });

  test('a mutated peer id is handshake_failed, or another key', () => {
    const valid = Buffer.from(
      '/ip4/127.0.0.1/udp/1/quic-v1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA',
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (recipe) => {
        try {
          const key = publicKeyOfMultiaddr(Buffer.from(mutate(valid, valid, recipe)).toString('latin1'));
          expect(key).toHaveLength(32);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(TransportError);
          expect(thrown).toMatchObject({ code: 'handshake_failed' });
        }
      }),
      { numRuns: runsOf(process.env, 2000) },
    );
  });

  test('a seed of another length', () => {
    expect(() => identityOfSeed(new Uint8Array(31))).toThrowError(
      expect.objectContaining({ code: 'bad_certificate' }),
    );
  });

  test('the binding depends on the key', () => {
    expect(bindingOf(new Uint8Array(32))).toHaveLength(32);
    expect(hex(bindingOf(new Uint8Array(32)))).not.toBe(hex(bindingOf(new Uint8Array(32).fill(1))));
  });
});
