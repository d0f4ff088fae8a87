import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TransportError } from './errors.js';
import { parseRelayUrl, quinnUrlOf } from './relay-url.js';

const id = 'b'.repeat(43);
const hex = 'ab'.repeat(32);

test('the parts of a URL', () => {
  const url = parseRelayUrl(
    ` HTTPS://Relay.Example.org:443#sha256=${hex},${hex.toUpperCase()}&id=${id}&quinn=4434 `,
  );
  expect(url).toEqual({
    text: 'https://relay.example.org:443',
    scheme: 'https',
    host: 'relay.example.org',
    port: 443,
    certificatePins: [Uint8Array.from(Buffer.from(hex, 'hex')), Uint8Array.from(Buffer.from(hex, 'hex'))],
    identityPin: id,
    quinnPort: 4434,
  });
  expect(parseRelayUrl('quic://[::1]')).toMatchObject({ text: 'quic://[::1]:4433', host: '::1', port: 4433 });
});

test('the URL for quinn keeps host and identity', () => {
  expect(quinnUrlOf(parseRelayUrl('https://relay'))).toBeUndefined();
  expect(quinnUrlOf(parseRelayUrl(`https://[::1]:1#quinn=2&id=${id}&sha256=${hex}`))).toMatchObject({
    text: 'quinn://[::1]:2',
    scheme: 'quinn',
    port: 2,
    identityPin: id,
    certificatePins: [],
    quinnPort: undefined,
  });
});

test.each([
  ['relay', 'it must look like'],
  ['http://relay', 'the scheme must be one of'],
  ['https://re lay', 'host or port is malformed'],
  ['https://a:b@relay', 'user name'],
  ['https:///relay:4434', 'the host is missing'],
  ['https://\\relay:4434', 'the host is missing'],
  ['https://relay/path', 'path or query'],
  ['https://relay:0', 'between 1 and 65535'],
  ['https://relay#sha256=12', '64 hexadecimal digits'],
  ['https://relay#id=short', '43 characters'],
  ['https://relay#pin=1', '"pin" is unknown'],
  [`https://relay#id=${id}&quinn=0`, 'quinn must be a port'],
  [`https://relay#id=${id}&quinn=65536`, 'quinn must be a port'],
  [`https://relay#id=${id}&quinn=x`, 'quinn must be a port'],
  ['https://relay#quinn=4434', 'needs id=ID'],
  [`quic://relay#id=${id}&quinn=4434`, 'belongs to an https:// URL'],
])('%s is refused with the reason', (text, why) => {
  expect(() => parseRelayUrl(text)).toThrowError(
    expect.objectContaining({ code: 'bad_url', message: expect.stringContaining(why) }),
  );
});

test('a port is never another than the one in the text: no tab, backslash or control character hides it', () => {
  for (const text of ['https://relay:99\t99', 'https://relay:99\u0000'])
    expect(() => parseRelayUrl(text)).toThrowError(expect.objectContaining({ code: 'bad_url' }));
  expect(parseRelayUrl('https://relay:99\\').port).toBe(99);
});

test('mutated URLs are bad_url, or what their canonical text says', () => {
  const valid = fc.constantFrom(
    ...[
      `https://relay.example.org:4434#sha256=${hex}&id=${id}&quinn=4434`,
      'quic://[2001:db8::1]:443',
      'tls://192.0.2.1',
    ].map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(valid, valid, fc.uint8Array({ minLength: 1, maxLength: 24 }), (one, other, recipe) => {
      const text = Buffer.from(mutate(one, other, recipe)).toString();
      let url: ReturnType<typeof parseRelayUrl>;
      try {
        url = parseRelayUrl(text);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(TransportError);
        expect(thrown).toMatchObject({ code: 'bad_url' });
        return;
      }
      expect(parseRelayUrl(url.text)).toMatchObject({
        text: url.text,
        scheme: url.scheme,
        host: url.host,
        port: url.port,
      });
      const usual = new URL(text.trim().replace(/^\w+/, 'https')).port;
      expect(usual === '' ? [443, 4433] : [Number(usual)]).toContain(url.port);
      for (const pin of url.certificatePins) expect(pin).toHaveLength(32);
    }),
    { numRuns: runsOf(process.env, 3000) },
  );
});
