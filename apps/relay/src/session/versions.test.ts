import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import {
  codeNumber,
  encodeMessage,
  encodeRawFrame,
  type Hello,
  type Message,
  messageTypes,
  wireMinor,
} from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawDialer } from '../testing/raw-dialer.js';
import { stubListener } from '../testing/stub-listener.js';
import { relayUrl } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import { TestStream } from '../testing/test-stream.js';
import { until } from '../testing/until.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed();
});
afterEach(() => bed.close());

/** A message of a type that nobody knows: {"new": true}. */
const unknownFrame = encodeRawFrame(200, Buffer.from('81a36e6577c3', 'hex'));
/** A field that nobody knows. */
const news = { news: 1 };
const dial = (): Promise<RawDialer> => RawDialer.dial(bed.transport(), relayUrl(1));

describe('an agent of a newer minor version', () => {
  it('may say more than the relay knows, in HELLO, NAMES and OPEN', async () => {
    const relay = await bed.relay(1);
    // Changed before it is signed, as by a version that has the field.
    const forge = (hello: Hello) => Object.assign(hello, { minor: wireMinor + 5 }, news);
    const newer = await bed.agent(1, { names: ['a@x'], forge });
    expect(newer.message('welcome')).toBeDefined();
    newer.control.write(unknownFrame);
    newer.changeNames({ request: 1, add: ['c@x'], remove: [], ...news });
    expect(await until(() => newer.message('names_done'), 'NAMES_DONE')).toMatchObject({ taken: [] });
    const old = await bed.agent(1, { names: ['b@x'] });
    const opened = newer.open('b@x', news as object);
    (await old.accept()).accept();
    await opened.first('open_ok');
    expect(relay.status().sessions[0]?.names).toEqual(['a@x', 'c@x']);
  });

  it('may open streams that begin with what the relay does not know: each is reset, and the session goes on', async () => {
    await bed.relay(1);
    const newer = await bed.agent(1, { names: ['a@x'] });
    const old = await bed.agent(1, { names: ['b@x'] });
    const stream = new TestStream(newer.connection.openStream());
    stream.stream.write(Buffer.concat([unknownFrame, encodeMessage({ kind: 'ping', number: 1 })]));
    expect(await until(() => stream.closed, 'the reset')).toMatchObject({
      kind: 'reset',
      code: codeNumber('protocol_error'),
    });
    const opened = newer.open('b@x');
    (await old.accept()).accept();
    await opened.first('open_ok');
  });
});

describe('frames of unknown types', () => {
  it('before HELLO are ignored, as many as fit before it', async () => {
    await bed.relay(1);
    const raw = await dial();
    raw.write(Buffer.concat([unknownFrame, unknownFrame]));
    const identity = identityFromSeed(randomBytes(32)).publicKey;
    raw.send({
      kind: 'hello',
      major: 2,
      minor: wireMinor,
      role: 'agent',
      realm: 'io.macula',
      names: [],
      identity,
      bootId: randomBytes(16),
      sessionSeq: 1,
      nonce: randomBytes(32),
      certificate: raw.connection.certificateSha256,
      label: '',
    });
    await raw.next('challenge');
    raw.write(unknownFrame);
    raw.send({ kind: 'proof', signature: new Uint8Array(64) });
    expect(await raw.next('goodbye')).toMatchObject({ code: 'bad_signature' });
  });
});

describe('a HELLO of another major version', () => {
  it.each([
    // Version 1 had no certificate and no claims.
    ['1', '82a56d616a6f7201a56d696e6f7200'],
    ['3', '82a56d616a6f7203a36e657793c0c2c3'],
    ['65535', '81a56d616a6f72cdffff'],
  ])('%s is refused with a code and a remedy, whatever else is in it', async (major, body) => {
    const relay = await bed.relay(1);
    const raw = await dial();
    raw.write(encodeRawFrame(messageTypes.hello, Buffer.from(body, 'hex')));
    expect(await raw.next('goodbye')).toEqual({
      kind: 'goodbye',
      code: 'version_unsupported',
      text: `the side that dialled speaks version ${major} of the mesh protocol, the relay version 2; update the older one`,
    });
    await until(() => raw.closed, 'the end of the connection');
    expect(relay.metrics()).toContain('macula_relay_hellos_refused_total{code="version_unsupported"} 1');
  });
});

describe('a peer relay', () => {
  it('of a newer minor version is a peer, whatever more it says', async () => {
    await stubListener(bed.transport('newer'), 2, {
      minor: wireMinor + 5,
      encode: (message) => Buffer.concat([unknownFrame, encodeMessage({ ...message, ...news })]),
    });
    const relay = await bed.relay(1, { peers: ['https://relay:2'] });
    await until(() => relay.status().peers[0]?.state === 'connected', 'the peering');
  });

  it.each([1, 3])('of major version %i is none, and nothing is proven to it', async (major) => {
    const body = Buffer.from(`81a56d616a6f720${major}`, 'hex');
    const said: Message[] = [];
    await stubListener(bed.transport('other'), 2, {
      encode: (message) => {
        said.push(message);
        return encodeRawFrame(messageTypes.challenge, body);
      },
    });
    const relay = await bed.relay(1, { peers: ['https://relay:2'] });
    await until(() => relay.status().peers[0]?.state === 'waiting', 'the refusal');
    expect(said.map(({ kind }) => kind)).toEqual(['challenge']);
  });
});
