import { deriveTunnelKey } from '@macula/crypto';
import { encodeMessage, encodeRawFrame, messageTypes, wireMinor } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fixture, type Node, watch } from '../test/fixture.js';
import type { TestSession } from '../test/test-relay.js';
import { MeshError } from './errors.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});
afterEach(() => fixture.close());

const agent = (name: string): Node => fixture.mesh(name, { relays: ['quic://relay:4433'] });
/** A message of a type that nobody knows: {"new": true}. */
const unknownFrame = encodeRawFrame(200, Buffer.from('81a36e6577c3', 'hex'));

/** Why the join failed. */
async function refusalOf(node: Node): Promise<MeshError> {
  node.mesh.start();
  const error = await node.mesh.joined().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MeshError);
  return error as MeshError;
}

describe('a relay of a newer minor version', () => {
  it('may say more than we know, from the first word on, and tunnels go through it', async () => {
    const relay = await fixture.relay();
    relay.minor = wireMinor + 5;
    relay.encode = (message) =>
      Buffer.concat([unknownFrame, encodeMessage({ ...message, ...{ news: 1 } }), unknownFrame]);
    const [a, b] = [agent('a@x'), agent('b@x')];
    a.mesh.start();
    b.mesh.start();
    await Promise.all([a.mesh.joined(), b.mesh.joined()]);
    await a.mesh.setNames(['a@x', 'c@x']);
    const key = deriveTunnelKey(Buffer.from('cookie'));
    const { agent: local } = await fixture.socketPair();
    b.onIncoming = async (request) => {
      const incoming = watch(request.accept({ key })!);
      await incoming.ready;
      incoming.tunnel.attachLocal(local);
    };
    await watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key })).ready;
    expect(a.events.map(({ kind }) => kind)).toEqual(['session_up']);
  });

  it('may open streams that begin with what we do not know: each is reset, and the session goes on', async () => {
    const relay = await fixture.relay();
    const sessions: TestSession[] = [];
    relay.onSession = (session) => sessions.push(session);
    const a = agent('a@x');
    a.mesh.start();
    await a.mesh.joined();
    const reset = new Promise((resolve) => {
      const stream = sessions[0]!.connection.openStream();
      stream.start({ onData: () => {}, onEnd: () => {}, onDrain: () => {}, onClosed: resolve });
      stream.write(unknownFrame);
    });
    expect(await reset).toMatchObject({ kind: 'reset', code: 1 });
    await a.mesh.setNames(['a@x', 'c@x']);
    expect(a.mesh.status().relays).toMatchObject([{ state: 'connected' }]);
  });
});

describe('a relay of another major version', () => {
  it.each([1, 3])('that proves itself as one of version %i is refused with a remedy', async (major) => {
    const relay = await fixture.relay();
    // Whatever CHALLENGE is there: only its number is looked at.
    const body = Buffer.from(`82a56d616a6f72${`0${major}`}a36e6577c3`, 'hex');
    relay.encode = (message) =>
      message.kind === 'challenge' ? encodeRawFrame(messageTypes.challenge, body) : encodeMessage(message);
    const error = await refusalOf(agent('a@x'));
    expect(error).toMatchObject({ code: 'refused', wireCode: 'version_unsupported' });
    expect(error.message).toBe(
      `the side that dialled speaks version 2 of the mesh protocol, the relay version ${major}; update the older one`,
    );
  });

  it('that refuses us says so, and the join ends with its sentence', async () => {
    const relay = await fixture.relay();
    relay.encode = (message) =>
      encodeMessage(
        message.kind === 'challenge' ? { kind: 'goodbye', code: 'version_unsupported', text: '' } : message,
      );
    const error = await refusalOf(agent('a@x'));
    expect(error).toMatchObject({ code: 'refused', wireCode: 'version_unsupported' });
    expect(error.message).toMatch(/another major version; update the older side/);
  });
});

it('a second CHALLENGE ends the session: one connection, one proof', async () => {
  const relay = await fixture.relay();
  relay.encode = (message) => {
    const frame = encodeMessage(message);
    return message.kind === 'challenge' ? Buffer.concat([frame, frame]) : frame;
  };
  expect(await refusalOf(agent('a@x'))).toMatchObject({ code: 'refused', wireCode: 'protocol_error' });
});
