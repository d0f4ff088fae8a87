import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawDialer } from '../testing/raw-dialer.js';
import { type Recorder, recorder } from '../testing/recorder.js';
import { relayUrl } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';

let bed: TestBed;
let log: Recorder;
beforeEach(() => {
  bed = new TestBed();
  log = recorder();
});
afterEach(() => bed.close());

const refusal = (code: string): Promise<Record<string, unknown>> =>
  until(() => log.lines().find((line) => line.code === code && line.level === 40), code);

describe('the log of a relay says who was refused', () => {
  it('a node in a realm that is not served: the realm is named, to the node as well', async () => {
    await bed.relay(1, { realms: ['mine'] }, { logger: log.logger });
    const identity = identityFromSeed(randomBytes(32));
    const names = ['a@x', 'b@x', 'c@x', 'd@x', 'e@x', 'f@x', 'g@x'];
    const agent = await bed.agent(1, { realm: 'yours', names, identity });
    expect(await refusal('realm_refused')).toMatchObject({
      said: 'proven',
      role: 'agent',
      id: identity.id,
      realm: 'yours',
      names: 'a@x, b@x, c@x, d@x, e@x and 2 more',
    });
    expect(agent.message('goodbye')?.text).toMatch(/^the relay does not serve the realm "yours"; \S/);
  });

  it('what is not proven is said to be a claim', async () => {
    await bed.relay(1, {}, { logger: log.logger });
    const identity = identityFromSeed(randomBytes(32));
    await bed.agent(1, { names: ['a@x'], identity, forge: (hello) => ({ ...hello, names: ['b@x'] }) });
    expect(await refusal('bad_signature')).toMatchObject({ said: 'claimed', id: identity.id, names: 'b@x' });
    await bed.agent(1, { forge: (hello) => ({ ...hello, identity: new Uint8Array(32) }) });
    await until(() => log.lines().find(({ id }) => id === 'no key'), 'a key of low order');
  });

  it('a name that is taken: who wanted it, and which', async () => {
    await bed.relay(1, {}, { logger: log.logger });
    await bed.agent(1, { names: ['a@x'] });
    const identity = identityFromSeed(randomBytes(32));
    await bed.agent(1, { names: ['a@x'], identity });
    expect(await refusal('name_taken')).toMatchObject({
      role: 'agent',
      id: identity.id,
      realm: 'io.macula',
      why: expect.stringContaining('a@x'),
    });
  });
});

describe('relays that do not admit each other', () => {
  const secret = (): string => randomBytes(32).toString('base64url');

  it.each<[string, { relay?: string; dialer?: string }]>([
    ['the listener, which has a secret', { relay: secret() }],
    ['the dialer, which has a secret', { dialer: secret() }],
    ['either, whose secrets differ', { relay: secret(), dialer: secret() }],
  ])('are named in both logs, with the remedy, where it is up to %s', async (_who, secrets) => {
    const own = recorder();
    const parts = (meshSecret: string | undefined, { logger }: Recorder) =>
      meshSecret === undefined ? { logger } : { logger, meshSecret };
    const relay = await bed.relay(1, {}, parts(secrets.relay, log));
    const dialer = await bed.relay(2, { peers: ['https://relay:1'] }, parts(secrets.dialer, own));
    const whose = secrets.dialer === undefined ? [relay.id, dialer.id] : [dialer.id, relay.id];
    const text = `relay ${whose[0]} does not admit relay ${whose[1]} as a peer; give both the same --mesh-secret-file`;
    expect(await refusal('not_a_relay')).toMatchObject({ id: dialer.id, why: expect.stringContaining(text) });
    const line = await until(() => own.lines().find(({ code }) => code === 'not_a_relay'), 'its own line');
    expect(line.why).toContain(text);
  });

  it('a dialer can not have itself spared by saying that it is busy', async () => {
    const relay = await bed.relay(1, {}, { logger: log.logger });
    const dialer = await RawDialer.dial(bed.transport(), relayUrl(1));
    dialer.send({ kind: 'goodbye', code: 'busy', text: 'mine' });
    expect(await refusal('protocol_error')).toMatchObject({ why: 'the dialer left: mine' });
    expect(relay.metrics()).not.toContain('code="busy"');
  });
});
