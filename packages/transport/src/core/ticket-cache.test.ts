import { X509Certificate } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { makeLeaf } from '../compliance/test-certificates.js';
import { dialOptions, testCertificate } from '../compliance/tools.js';
import { ticketBytesMax, ticketConditionsMax, ticketMsMax, ticketsEachMax } from '../limits.js';
import type { CertificatePair, DialOptions } from '../transport.js';
import { type Ticket, TicketCache } from './ticket-cache.js';

let cache: TicketCache;
let certificate: CertificatePair;

beforeEach(async () => {
  cache = new TicketCache();
  certificate = await testCertificate;
});

const options = (more: Parameters<typeof dialOptions>[1] = {}, port = 4433): DialOptions =>
  dialOptions({ host: '127.0.0.1', port }, more);

const ticket = (id: number, { certPem } = certificate): Ticket => ({
  session: Uint8Array.of(id),
  leafDer: new X509Certificate(certPem).raw,
});

test('a ticket comes back once, the newest first', () => {
  cache.put(options(), ticket(1));
  cache.put(options(), ticket(2));
  expect(cache.take(options())).toMatchObject(ticket(2));
  expect(cache.take(options())).toMatchObject(ticket(1));
  expect(cache.take(options())).toBeUndefined();
});

test('every condition counts, and the order of pins does not', () => {
  const [one, two] = ['11'.repeat(32), '22'.repeat(32)];
  const caPem = [certificate.certPem];
  const all = [
    options(),
    options({}, 4434),
    options({ host: 'localhost' }),
    options({ tlsVerify: 'verify_peer' }),
    options({ tlsVerify: 'verify_peer', caPem }),
    options({ caPem }),
    options({ fragment: `#sha256=${one}` }),
    options({ fragment: `#sha256=${one},${two}` }),
  ];
  for (const [id, each] of all.entries()) cache.put(each, ticket(id));
  for (const [id, each] of all.entries()) expect(cache.take(each)?.session).toEqual(Uint8Array.of(id));
  cache.put(options({ fragment: `#sha256=${one},${two}` }), ticket(9));
  expect(cache.take(options({ fragment: `#sha256=${two},${one}` }))).toBeDefined();
});

test('it ends with its time, or with the certificate', async () => {
  const nowMs = Date.now();
  cache.put(options(), ticket(1), nowMs);
  expect(cache.take(options(), nowMs + ticketMsMax)).toBeUndefined();
  expect(cache.size).toBe(0);
  const short = await makeLeaf({ days: 0.5 });
  const endMs = Date.parse(new X509Certificate(short.certPem).validTo);
  cache.put(options(), ticket(1, short), nowMs);
  cache.put(options(), ticket(2, short), nowMs);
  expect(cache.take(options(), endMs - 1)).toBeDefined();
  expect(cache.take(options(), endMs)).toBeUndefined();
});

test('what has expired is dropped by whatever comes next', () => {
  const nowMs = Date.now();
  for (let port = 1; port <= 10; port++) cache.put(options({}, port), ticket(port), nowMs);
  cache.put(options({}, 11), ticket(11), nowMs + ticketMsMax);
  expect(cache.size).toBe(1);
});

test('bounded: tickets of one kind, kinds, and bytes', () => {
  for (let id = 1; id <= ticketsEachMax + 1; id++) cache.put(options(), ticket(id));
  expect(cache.size).toBe(ticketsEachMax);
  for (let port = 1; port <= ticketConditionsMax + 5; port++) cache.put(options({}, port), ticket(1));
  expect(cache.size).toBe(ticketConditionsMax);
  // The oldest have gone.
  expect(cache.take(options())).toBeUndefined();
  expect(cache.take(options({}, 5))).toBeUndefined();
  expect(cache.take(options({}, 6))).toBeDefined();
  cache.clear();
  cache.put(options(), { ...ticket(1), session: new Uint8Array(ticketBytesMax) });
  expect(cache.size).toBe(0);
});
