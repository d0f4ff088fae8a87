import { expect, test } from 'vitest';
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
