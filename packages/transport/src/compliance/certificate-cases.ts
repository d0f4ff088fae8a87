import { describe, expect, test, vi } from 'vitest';
import { certificateSha256 } from '../certificate-pair.js';
import { makeDevCertificate } from '../dev-certificate.js';
import type { CertificatePair, DialOptions } from '../transport.js';
import type { Bench } from './describe-transport.js';
import { dialOptions, testCertificate } from './tools.js';

/** Which certificates are accepted, and what the refusal says. */
export function certificateCases(bench: Bench): void {
  describe('certificates', () => {
    const attempt = async (
      certificate: CertificatePair,
      more: Partial<DialOptions> & { fragment?: string; host?: string },
    ): Promise<string> => {
      const listener = await bench.pair().listener.listen({ host: '127.0.0.1', port: 0, certificate });
      listener.start({ onConnection: () => {} });
      try {
        const connection = await bench.pair().dialer.dial(dialOptions(listener.address, more));
        connection.close(0, '');
        return 'accepted';
      } catch (thrown) {
        return (thrown as { code: string }).code;
      }
    };
    const hex = (pem: string): string => Buffer.from(certificateSha256(pem)).toString('hex');

    test('pins: the right one, one of several, a wrong one', async () => {
      const certificate = await testCertificate;
      const right = bench.under.pinOf?.(certificate) ?? hex(certificate.certPem);
      const wrong = '00'.repeat(32);
      expect(await attempt(certificate, { fragment: `#sha256=${right}` })).toBe('accepted');
      expect(await attempt(certificate, { fragment: `#sha256=${wrong},${right}` })).toBe('accepted');
      expect(await attempt(certificate, { fragment: `#sha256=${wrong}` })).toBe('certificate_wrong_pin');
    });

    // A transport without certificates has nothing to verify; these cases are not its own.
    if (!bench.under.checksCertificates) return;
    describe('verify_peer', () => {
      const tlsVerify = 'verify_peer';

      test('none accepts every certificate', async () => {
        const expired = await makeDevCertificate({
          names: ['other.test'],
          ips: [],
          days: 1,
          notBefore: new Date(0),
        });
        expect(await attempt(expired, {})).toBe('accepted');
      });

      test('own CA, by name and by address', async () => {
        const ca = await makeDevCertificate({ names: ['test CA'], ips: [], days: 2 });
        const certificate = await makeDevCertificate({
          names: ['localhost'],
          ips: ['127.0.0.1'],
          days: 1,
          issuer: ca,
        });
        const caPem = [ca.certPem];
        expect(await attempt(certificate, { tlsVerify, caPem })).toBe('accepted');
        expect(await attempt(certificate, { tlsVerify, caPem, host: 'localhost' })).toBe('accepted');
      });

      test('wrong name, wrong address', async () => {
        const certificate = await makeDevCertificate({ names: ['other.test'], ips: ['10.0.0.1'], days: 1 });
        const caPem = [certificate.certPem];
        expect(await attempt(certificate, { tlsVerify, caPem })).toBe('certificate_wrong_name');
        expect(await attempt(certificate, { tlsVerify, caPem, host: 'localhost' })).toBe(
          'certificate_wrong_name',
        );
      });

      test('expired', async () => {
        const notBefore = new Date(Date.now() - 10 * 86_400_000);
        const certificate = await makeDevCertificate({
          names: ['localhost'],
          ips: ['127.0.0.1'],
          days: 1,
          notBefore,
        });
        const caPem = [certificate.certPem];
        expect(await attempt(certificate, { tlsVerify, caPem })).toBe('certificate_expired');
        expect(await attempt(certificate, { tlsVerify, caPem, host: 'localhost' })).toBe(
          'certificate_expired',
        );
      });

      test('untrusted, also beside the ones that come with Node', async () => {
        const certificate = await testCertificate;
        const other = await makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });
        expect(await attempt(certificate, { tlsVerify })).toBe('certificate_untrusted');
        expect(await attempt(certificate, { tlsVerify, caPem: [other.certPem] })).toBe(
          'certificate_untrusted',
        );
      });

      test('a pin counts beside the CA', async () => {
        const certificate = await testCertificate;
        const fragment = `#sha256=${'11'.repeat(32)}`;
        const caPem = [certificate.certPem];
        expect(await attempt(certificate, { tlsVerify, caPem, fragment })).toBe('certificate_wrong_pin');
      });

      test('a listener with a certificate that is none, or a key of another', async () => {
        const certificate = await testCertificate;
        const other = await makeDevCertificate({ names: ['x'], ips: [], days: 1 });
        const listen = (pair: CertificatePair): Promise<unknown> =>
          bench.pair().listener.listen({ host: '127.0.0.1', port: 0, certificate: pair });
        const bad = { code: 'bad_certificate' };
        await expect(listen({ ...certificate, certPem: 'nonsense' })).rejects.toMatchObject(bad);
        await expect(listen({ ...certificate, keyPem: 'nonsense' })).rejects.toMatchObject(bad);
        await expect(listen({ ...certificate, keyPem: other.keyPem })).rejects.toMatchObject(bad);
      });

      test('setCertificate changes what later dialers see', async () => {
        const first = await testCertificate;
        const second = await makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });
        const listener = await bench
          .pair()
          .listener.listen({ host: '127.0.0.1', port: 0, certificate: first });
        listener.start({ onConnection: () => {} });
        const { dialer } = bench.pair();
        const before = await dialer.dial(dialOptions(listener.address));
        listener.setCertificate(second);
        expect(Buffer.from(before.certificateSha256).toString('hex')).toBe(hex(first.certPem));
        // A listener in another process learns of it a moment later.
        await vi.waitFor(async () => {
          const after = await dialer.dial(dialOptions(listener.address));
          expect(Buffer.from(after.certificateSha256).toString('hex')).toBe(hex(second.certPem));
        });
      });
    });
  });
}
