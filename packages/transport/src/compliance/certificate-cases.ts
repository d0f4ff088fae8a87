import { describe, expect, test, vi } from 'vitest';
import { certificateSha256 } from '../certificate-pair.js';
import type { CertificatePair, DialOptions } from '../transport.js';
import type { Bench } from './describe-transport.js';
import { skipWithoutIpv6 } from './ipv6.js';
import { makeLeaf, testAuthorities, withChain } from './test-certificates.js';
import { dialOptions, testCertificate } from './tools.js';

/** What a URL may name: a DNS name, an IPv4 and an IPv6 address. */
const hosts = ['localhost', '127.0.0.1', '::1'] as const;
const wrongPin = '00'.repeat(32);

interface Attempt extends Partial<DialOptions> {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly fragment?: string;
}

/** Which certificates are accepted, and what the refusal says. */
export function certificateCases(bench: Bench): void {
  describe('certificates', () => {
    const attempt = async (certificate: CertificatePair, options: Attempt): Promise<string> => {
      const { host = '127.0.0.1', ...more } = options;
      const address = host === 'localhost' ? '127.0.0.1' : host;
      const listener = await bench.pair().listener.listen({ host: address, port: 0, certificate });
      listener.start({ onConnection: () => {} });
      try {
        const named = host === 'localhost' ? { host } : {};
        const connection = await bench
          .pair()
          .dialer.dial(dialOptions(listener.address, { ...more, ...named }));
        connection.close(0, '');
        return 'accepted';
      } catch (thrown) {
        return (thrown as { code: string }).code;
      } finally {
        await listener.close();
      }
    };

    test('pins: the right one, one of several, a wrong one', async () => {
      const certificate = await testCertificate;
      const right = bench.under.pinOf?.(certificate) ?? pinOf(certificate);
      expect(await attempt(certificate, { fragment: `#sha256=${right}` })).toBe('accepted');
      expect(await attempt(certificate, { fragment: `#sha256=${wrongPin},${right}` })).toBe('accepted');
      expect(await attempt(certificate, { fragment: `#sha256=${wrongPin}` })).toBe('certificate_wrong_pin');
    });

    // A transport without certificates has nothing to verify; these cases are not its own.
    if (!bench.under.checksCertificates) return;
    const tlsVerify = 'verify_peer';

    test('none accepts every certificate', async () => {
      expect(await attempt(await makeLeaf({ names: ['other.test'], ips: [], days: -1 }), {})).toBe(
        'accepted',
      );
    });

    describe.each(hosts)('verify_peer of %s', (host) => {
      const verify = async (
        certificate: CertificatePair,
        trusted: CertificatePair,
        pins: readonly string[] = [],
      ): Promise<string> => {
        const fragment = pins.length > 0 ? `#sha256=${pins.join(',')}` : '';
        return attempt(certificate, { tlsVerify, caPem: [trusted.certPem], host, fragment });
      };

      test('accepted: signed by the trusted one, or itself the trusted one', async (context) => {
        skipWithoutIpv6(context, host);
        const { root } = await testAuthorities;
        const leaf = await makeLeaf({ issuer: root });
        expect(await verify(leaf, root)).toBe('accepted');
        expect(await verify(leaf, root, [pinOf(leaf)])).toBe('accepted');
        expect(await verify(leaf, root, [wrongPin, pinOf(leaf)])).toBe('accepted');
        const self = await testCertificate;
        expect(await verify(self, self)).toBe('accepted');
      });

      test('an intermediate is needed where it signs', async (context) => {
        skipWithoutIpv6(context, host);
        const { root, intermediate } = await testAuthorities;
        const leaf = await makeLeaf({ issuer: intermediate });
        expect(await verify(withChain(leaf, intermediate), root)).toBe('accepted');
        expect(await verify(leaf, root)).toBe('certificate_untrusted');
      });

      test('wrong name', async (context) => {
        skipWithoutIpv6(context, host);
        const { root } = await testAuthorities;
        const other = await makeLeaf({ issuer: root, names: ['other.test'], ips: ['10.0.0.1', '::2'] });
        expect(await verify(other, root)).toBe('certificate_wrong_name');
        expect(await verify(other, root, [pinOf(other)])).toBe('certificate_wrong_name');
        // A name counts for names only, and an address for addresses.
        const kind = host === 'localhost' ? { names: [] } : { ips: [] };
        expect(await verify(await makeLeaf({ issuer: root, ...kind }), root)).toBe('certificate_wrong_name');
      });

      test('expired, or not yet valid', async (context) => {
        skipWithoutIpv6(context, host);
        const { root } = await testAuthorities;
        const past = await makeLeaf({ issuer: root, days: -1 });
        expect(await verify(past, root)).toBe('certificate_expired');
        expect(await verify(past, root, [pinOf(past)])).toBe('certificate_expired');
        const future = await makeLeaf({ issuer: root, daysUntilValid: 1 });
        expect(await verify(future, root)).toBe('certificate_expired');
      });

      test('untrusted: self-signed, of somebody else, or of somebody with the same name', async (context) => {
        skipWithoutIpv6(context, host);
        const { root, impostor } = await testAuthorities;
        const self = await testCertificate;
        expect(await verify(self, root)).toBe('certificate_untrusted');
        expect(await verify(self, root, [pinOf(self)])).toBe('certificate_untrusted');
        const forged = await makeLeaf({ issuer: impostor });
        expect(await verify(forged, root)).toBe('certificate_untrusted');
        expect(await verify(withChain(forged, impostor), root)).toBe('certificate_untrusted');
        // Nor do the ones that come with Node vouch for it.
        expect(await attempt(self, { tlsVerify, host })).toBe('certificate_untrusted');
      });

      test('wrong pin, though all else is right', async (context) => {
        skipWithoutIpv6(context, host);
        const { root, intermediate } = await testAuthorities;
        const leaf = await makeLeaf({ issuer: intermediate });
        const chain = withChain(leaf, intermediate);
        expect(await verify(chain, root, [wrongPin])).toBe('certificate_wrong_pin');
        // Only the leaf can be pinned.
        expect(await verify(chain, root, [pinOf(intermediate), pinOf(root)])).toBe('certificate_wrong_pin');
      });
    });

    test('a listener with a certificate that is none, or a key of another', async () => {
      const certificate = await testCertificate;
      const other = await makeLeaf();
      const listen = (pair: CertificatePair): Promise<unknown> =>
        bench.pair().listener.listen({ host: '127.0.0.1', port: 0, certificate: pair });
      const bad = { code: 'bad_certificate' };
      await expect(listen({ ...certificate, certPem: 'nonsense' })).rejects.toMatchObject(bad);
      await expect(listen({ ...certificate, keyPem: 'nonsense' })).rejects.toMatchObject(bad);
      await expect(listen({ ...certificate, keyPem: other.keyPem })).rejects.toMatchObject(bad);
    });

    test('setCertificate changes what later dialers see', async () => {
      const first = await testCertificate;
      const second = await makeLeaf();
      const listener = await bench.pair().listener.listen({ host: '127.0.0.1', port: 0, certificate: first });
      listener.start({ onConnection: () => {} });
      const { dialer } = bench.pair();
      const before = await dialer.dial(dialOptions(listener.address));
      listener.setCertificate(second);
      expect(Buffer.from(before.certificateSha256).toString('hex')).toBe(pinOf(first));
      // A listener in another process learns of it a moment later.
      await vi.waitFor(async () => {
        const after = await dialer.dial(dialOptions(listener.address));
        expect(Buffer.from(after.certificateSha256).toString('hex')).toBe(pinOf(second));
      });
    });
  });
}

function pinOf({ certPem }: CertificatePair): string {
  return Buffer.from(certificateSha256(certPem)).toString('hex');
}
