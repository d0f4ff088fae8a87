import { identityFromSeed } from '@macula/crypto';
import { type Connection, createMemoryNetwork, type Transport } from '@macula/transport';
import type { Message, SessionRole } from '@macula/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { relayUrl } from '../testing/test-agent.js';
import { ControlChannel } from './control-channel.js';
import { Session } from './session.js';

let transport: Transport;
let connection: Connection;
let nowMs: number;
let closed: string[];
let sent: Message[];

beforeEach(async () => {
  transport = createMemoryNetwork().transport('relay');
  const certificate = { certPem: 'any', keyPem: '' };
  const listener = await transport.listen({ host: 'relay', port: 1, certificate });
  const accepted = new Promise<Connection>((resolve) => listener.start({ onConnection: resolve }));
  await transport.dial({ url: relayUrl(1), tlsVerify: 'none' });
  connection = await accepted;
  nowMs = 0;
  closed = [];
  sent = [];
});
afterEach(() => transport.close());

function sessionOf(role: SessionRole): Session {
  const channel = new ControlChannel(connection.openStream(), {
    onMessage: () => undefined,
    onBroken: () => undefined,
  });
  const { send } = channel;
  channel.send = (message) => {
    sent.push(message);
    send.call(channel, message);
  };
  return new Session(
    {
      link: 1,
      role,
      dialled: false,
      identity: identityFromSeed(new Uint8Array(32)).publicKey,
      bootId: new Uint8Array(16),
      realm: 'r',
      label: '',
    },
    { connection, channel, nowMs: () => nowMs },
    {
      onStream: () => undefined,
      onControl: () => true,
      inShare: (_session, _type, work) => work(),
      onNames: () => undefined,
      onAlive: () => undefined,
      onFormerGone: () => undefined,
      onWatch: () => undefined,
      onDraining: () => undefined,
      onPeerMessage: () => undefined,
      onSwim: () => undefined,
      onClosed: (_session, code) => closed.push(code),
    },
  );
}

const pingsAt = (session: Session, ms: number): number => {
  nowMs = ms;
  sent = [];
  session.checkLiveness();
  return sent.filter(({ kind }) => kind === 'ping').length;
};

it('a silent session is pinged after 13 s and closed after 30 s', () => {
  const session = sessionOf('agent');
  expect(pingsAt(session, 12_999)).toBe(0);
  expect(pingsAt(session, 13_000)).toBe(1);
  expect(pingsAt(session, 29_999)).toBe(1);
  expect(closed).toEqual([]);
  pingsAt(session, 30_000);
  expect(closed).toEqual(['timeout']);
});

it('a silent session that is superseded is pinged after 2 s and closed after 10 s', () => {
  const session = sessionOf('agent');
  session.isSuperseded = true;
  expect(pingsAt(session, 1999)).toBe(0);
  expect(pingsAt(session, 2000)).toBe(1);
  expect(pingsAt(session, 9999)).toBe(1);
  expect(closed).toEqual([]);
  pingsAt(session, 10_000);
  expect(closed).toEqual(['timeout']);
});

it.each([
  ['agent', 1],
  ['relay', 0],
] as const)('an %s whose connection is to be renewed gets %i RENEW', (role, count) => {
  sessionOf(role);
  (connection as Connection & { renewalDue(): void }).renewalDue();
  expect(sent.filter(({ kind }) => kind === 'renew')).toHaveLength(count);
});
