import { describe, expect, it } from 'vitest';
import { hostPortText, parseRelayConfig } from './config.js';
import { RelayError } from './errors.js';
import { quotaLimitsDefault } from './quota/quota-limits.js';

function codeOf(input: unknown): string {
  try {
    parseRelayConfig(input);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RelayError);
    expect((thrown as RelayError).remedy).not.toBe('');
    return (thrown as RelayError).code;
  }
  return 'none';
}

describe('parseRelayConfig', () => {
  it('fills in every default', () => {
    expect(parseRelayConfig({ label: 'x' }, {})).toEqual({
      listen: { host: '0.0.0.0', port: 4433 },
      quic: true,
      listenQuinn: undefined,
      peers: [],
      seeds: [],
      advertise: undefined,
      membershipProfile: 'wan',
      peerIdentities: [],
      meshSecretFile: undefined,
      publicCertFiles: [],
      open: false,
      realms: [],
      accessFile: undefined,
      admin: undefined,
      adminTokenFile: undefined,
      dataDir: undefined,
      certFile: undefined,
      keyFile: undefined,
      tlsVerify: 'none',
      caFile: undefined,
      label: 'x',
      logLevel: 'info',
      openTimeoutMs: 10_000,
      sessionsMax: 10_000,
      limits: quotaLimitsDefault,
      drainGraceMs: 2000,
    });
  });

  it('takes a URL to advertise without its pins, or none', () => {
    const advertised = (advertise: string) => parseRelayConfig({ advertise }).advertise;
    expect(advertised('none')).toBe('none');
    expect(advertised(`HTTPS://Relay.example.org#id=${'b'.repeat(43)}`)).toBe(
      'https://relay.example.org:4433',
    );
    for (const text of [
      'relay',
      'https://0.0.0.0:4433',
      'tls://[::]:4433',
      `https://${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(30)}`,
    ])
      expect(() => advertised(text)).toThrowError(expect.objectContaining({ code: 'bad_config' }));
  });

  it('reads IPv6 addresses in brackets and writes them so', () => {
    const { listen } = parseRelayConfig({ listen: '[::]:4433' });
    expect(listen).toEqual({ host: '::', port: 4433 });
    expect(hostPortText(listen)).toBe('[::]:4433');
  });

  it('reads seeds', () => {
    const input = {
      seeds: ['dns:relays', 'https://a#quinn=1&id='.concat('b'.repeat(43))],
    };
    expect(parseRelayConfig(input)).toMatchObject({
      seeds: [
        { kind: 'dns', host: 'relays', port: 4433 },
        { kind: 'url', url: input.seeds[1] },
      ],
    });
  });

  it.each([
    ['bad_config', null],
    ['bad_config', []],
    ['bad_config', { lisen: 'x' }],
    ['bad_config', { peers: 'x' }],
    ['bad_config', { label: '' }],
    ['bad_config', { tlsVerify: 'maybe' }],
    ['bad_config', { openTimeoutMs: 1.5 }],
    ['bad_config', { sessionsMax: 0 }],
    ['bad_config', { limits: { identity: { sesions: 1 } } }],
    ['bad_config', { certFile: 'a' }],
    ['bad_config', { peerIdentities: ['short'] }],
    ['bad_config', { realms: [''] }],
    ['bad_listen_address', { listen: '4433' }],
    ['bad_listen_address', { listen: 'a:b' }],
    ['bad_listen_address', { listen: 'host:70000' }],
    ['bad_listen_address', { listen: '::1:4433' }],
    ['bad_listen_address', { admin: 'localhost' }],
    ['bad_peer_url', { peers: ['http://x'] }],
    ['bad_config', { seeds: 'dns:relays' }],
    ['bad_seed', { seeds: ['dns:'] }],
    ['bad_seed', { seeds: new Array<string>(65).fill('dns:relays') }],
    ['none', { seeds: new Array<string>(64).fill('dns:relays') }],
    ['bad_config', { advertise: '' }],
    ['none', { admin: undefined, peers: ['https://x'] }],
  ])('%s for %j', (code, input) => {
    expect(codeOf(input)).toBe(code);
  });
});
