import { endReasons } from '@macula/tunnel';
import { wireCodes } from '@macula/wire';
import { expect, test } from 'vitest';
import type { AgentEvent } from '../control/messages.js';
import { EventLimiter } from './event-limiter.js';
import { EventReporter } from './events.js';
import { isNodeName } from './outgoing.js';
import { downReason, failureOf, localReason, remedies } from './reasons.js';

test('every reason of wire and tunnels has one of PROTOCOL.md, a cause and a remedy', () => {
  for (const name of [...Object.keys(wireCodes), ...Object.keys(endReasons)]) {
    expect(Object.keys(remedies)).toContain(localReason(name));
    const { reason, text } = failureOf({ reason: name, text: '', byPeer: true }, 'b@h');
    expect(text).toContain(remedies[reason]);
    expect(text.length).toBeLessThan(1000);
    expect(downReason(name)).toBe(name);
  }
});

test('what a peer invents never becomes an atom', () => {
  for (const name of ['evil_1', '__proto__', 'constructor', '']) {
    expect(downReason(name)).toBe('internal');
    expect(localReason(name)).toBe('internal');
  }
});

test('node names', () => {
  for (const name of ['a@h', 'undefined@host', 'app-1@10.0.0.5', 'é@fe80::1'])
    expect(isNodeName(name)).toBe(true);
  for (const name of ['a', '@h', 'a@', 'a@b@c', 'a b@h', 'a@h\n', `${'x'.repeat(1020)}@h`])
    expect(isNodeName(name)).toBe(false);
});

test('one event of a key in 10 s, with a count of the others, and bounded memory', () => {
  let nowMs = 0;
  const limiter = new EventLimiter(() => nowMs);
  expect(limiter.pass('a')).toBe(0);
  expect(limiter.pass('a')).toBeUndefined();
  expect(limiter.pass('b')).toBe(0);
  nowMs = 9999;
  expect(limiter.pass('a')).toBeUndefined();
  nowMs = 10_000;
  expect(limiter.pass('a')).toBe(2);
  limiter.reset('a');
  expect(limiter.pass('a')).toBe(0);
  for (let key = 0; key < 2000; key++) limiter.pass(`k${key}`);
  expect(limiter.pass('k0')).toBe(0); // forgotten
  expect(limiter.pass('k1999')).toBeUndefined();
});

test('a peer that fails again and again is one warning, until it has proven the cookie', () => {
  let nowMs = 0;
  const events: AgentEvent[] = [];
  const reporter = new EventReporter((event) => events.push(event), new EventLimiter(() => nowMs));
  const end = { reason: 'decrypt_failed', text: '', byPeer: false };
  const fail = (peer: string) => reporter.reportTunnelEnd({ peer, direction: 'in', end });
  fail('bad@x');
  reporter.reportMesh({ kind: 'too_many_failures', peer: 'bad@x', source: 'ID' });
  for (; nowMs < 599_000; nowMs += 30_000) fail('bad@x');
  expect(events.map(({ event, level }) => [event, level])).toEqual([
    ['decrypt_failed', 'warning'],
    ['too_many_failures', 'warning'],
  ]);
  expect(events[1]!.text).toMatch(/^bad@x \(identity ID\) .*once in 30 s/);
  fail('other@x');
  nowMs = 600_000;
  fail('bad@x');
  expect(events.slice(2).map(({ text }) => text.includes('bad@x'))).toEqual([false, true]);
  expect(events.at(-1)!.text).toContain('20 more of these');
  reporter.reportMesh({ kind: 'too_many_failures', peer: 'bad@x', source: '' });
  reporter.reportProven('bad@x');
  fail('bad@x');
  expect(events.at(-1)!.event).toBe('decrypt_failed');
});
