import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import { codeNumber, encodeRawFrame } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { relayUrl } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed();
});
afterEach(() => bed.close());

describe('HELLO', () => {
  it('ends with WELCOME, and the names are advertised', async () => {
    const relay = await bed.relay(1, { label: 'first' });
    const identity = identityFromSeed(randomBytes(32));
    const agent = await bed.agent(1, { names: ['a@x'], identity });
    expect(agent.message('welcome')).toEqual({ kind: 'welcome', label: 'first' });
    expect(relay.status().sessions).toMatchObject([
      { names: ['a@x'], realm: 'io.macula', identity: identity.id, transport: 'memory', rttMs: 0 },
    ]);
  });

  it('is refused when the signature does not fit', async () => {
    await bed.relay(1);
    const agent = await bed.agent(1, { forge: (hello) => ({ ...hello, names: ['other@x'] }) });
    expect(await agent.gone()).toMatchObject({ kind: 'peer', code: codeNumber('bad_signature') });
  });

  it('is refused with bad_signature for a key of low order', async () => {
    await bed.relay(1);
    const agent = await bed.agent(1, { forge: (hello) => ({ ...hello, identity: new Uint8Array(32) }) });
    expect(await agent.gone()).toMatchObject({ code: codeNumber('bad_signature') });
  });

  it('is refused for another major version, another realm, and a relay that is not admitted', async () => {
    const id = identityFromSeed(randomBytes(32)).id;
    await bed.relay(1, { realms: ['mine'], peerIdentities: [id] });
    const old = await bed.agent(1, { realm: 'mine', forge: (hello) => ({ ...hello, major: 7 }) });
    expect(await old.gone()).toMatchObject({ code: codeNumber('version_unsupported') });
    const stranger = await bed.agent(1, { realm: 'other' });
    expect(stranger.message('goodbye')?.code).toBe('realm_refused');
    const nobody = await bed.agent(1, { role: 'relay' });
    expect(nobody.message('goodbye')?.code).toBe('not_a_relay');
    expect((await bed.agent(1, { realm: 'mine' })).message('welcome')).toBeDefined();
  });

  it('ends with a code for garbage, a second stream, a datagram, an unknown flood, and silence', async () => {
    const relay = await bed.relay(1, {}, { timeouts: { helloMs: 60 } });
    const dial = () => bed.transport().dial({ url: relayUrl(1), tlsVerify: 'none' });
    const codes: number[] = [];
    const attacks: ((connection: Awaited<ReturnType<typeof dial>>) => void)[] = [
      (c) => c.openStream().write(randomBytes(100).fill(0xff)),
      (c) => {
        c.openStream().write(Uint8Array.of(0));
        c.openStream().write(Uint8Array.of(0));
      },
      (c) => c.sendDatagram(Uint8Array.of(1)),
      (c) => {
        const stream = c.openStream();
        for (let n = 0; n < 3; n++) stream.write(encodeRawFrame(200, new Uint8Array(30_000)));
      },
      (c) => c.openStream().write(Uint8Array.of(0, 0)),
      () => {},
    ];
    for (const attack of attacks) {
      const connection = await dial();
      const closed = new Promise<void>((resolve) => {
        connection.start({
          onStream: () => {},
          onClosed: (info) => {
            codes.push('code' in info ? info.code : -1);
            resolve();
          },
        });
      });
      attack(connection);
      await closed;
    }
    const [bad, slow] = [codeNumber('protocol_error'), codeNumber('hello_timeout')];
    expect(codes).toEqual([bad, bad, bad, bad, slow, slow]);
    expect(relay.metrics()).toContain('macula_relay_hellos_refused_total{code="hello_timeout"} 2');
    expect((await bed.agent(1)).message('welcome')).toBeDefined();
  });

  it('is answered busy above sessionsMax', async () => {
    await bed.relay(1, { sessionsMax: 1 });
    await bed.agent(1);
    const other = await bed.agent(1);
    expect(other.message('goodbye')).toMatchObject({ code: 'busy', retryMs: expect.any(Number) });
    expect(await other.gone()).toMatchObject({ code: codeNumber('busy') });
  });

  it('is taken above sessionsMax in place of an older one of its process, and only then', async () => {
    const relay = await bed.relay(1, { sessionsMax: 2 });
    const process = { identity: identityFromSeed(randomBytes(32)), bootId: randomBytes(16) };
    await bed.agent(1, { ...process, names: ['a@x'], sessionSeq: 1 });
    await bed.agent(1, { names: ['b@x'] });
    const renewed = await bed.agent(1, { ...process, names: ['a@x'], sessionSeq: 2 });
    expect(renewed.message('welcome')).toBeDefined();
    const other = await bed.agent(1, { ...process, names: ['c@x'], sessionSeq: 3 });
    expect(other.message('goodbye')).toMatchObject({ code: 'busy' });
    // Who pretends to be it is found out by the proof.
    const liar = await bed.agent(1, {
      names: ['a@x'],
      forge: (hello) => ({ ...hello, identity: process.identity.publicKey }),
    });
    expect(liar.message('goodbye')).toMatchObject({ code: 'bad_signature' });
    expect(relay.status().sessions.filter(({ superseded }) => !superseded)).toHaveLength(2);
  });
});

describe('a session', () => {
  it('keeps its name against another identity and loses it to a newer session of its own', async () => {
    await bed.relay(1);
    const identity = identityFromSeed(randomBytes(32));
    const first = await bed.agent(1, { names: ['a@x'], identity, sessionSeq: 1 });
    const other = await bed.agent(1, { names: ['a@x'] });
    expect(other.message('goodbye')?.code).toBe('name_taken');
    const second = await bed.agent(1, { names: ['a@x'], identity, sessionSeq: 2 });
    expect(second.message('welcome')).toBeDefined();
    expect(await first.gone()).toMatchObject({ code: codeNumber('replaced') });
    expect(first.message('goodbye')?.code).toBe('replaced');
  });

  it('keeps its tunnels beside a newer session of the same process, which gets the new ones', async () => {
    const relay = await bed.relay(1);
    const identity = identityFromSeed(randomBytes(32));
    const bootId = randomBytes(16);
    const other = await bed.agent(1, { names: ['b@x'] });
    const first = await bed.agent(1, { names: ['a@x'], identity, bootId, sessionSeq: 1 });
    const before = other.open('a@x');
    const far = await first.accept();
    far.accept();
    await before.first('open_ok');
    const second = await bed.agent(1, { names: ['a@x'], identity, bootId, sessionSeq: 2 });
    const behind = other.open('a@x');
    (await second.accept()).accept();
    await behind.first('open_ok');
    before.stream.write(Buffer.from('still here'));
    await until(() => far.received.toString() === 'still here', 'the bytes of the older tunnel');
    const seen = relay.status().sessions.filter(({ identity: id }) => id === identity.id);
    expect(seen).toMatchObject([
      { names: [], superseded: true },
      { names: ['a@x'], superseded: false },
    ]);
    expect(relay.metrics()).toContain('macula_relay_sessions 2\n');
    expect(relay.metrics()).toContain('macula_relay_sessions_superseded 1\n');
    first.send({ kind: 'goodbye', code: 'ok', text: '' });
    await until(() => before.closed, 'the end of the older tunnel');
    expect(relay.status().sessions.at(-1)).toMatchObject({ names: ['a@x'], superseded: false });
  });

  it('ends its superseded ones when it says FORMER_GONE', async () => {
    await bed.relay(1);
    const identity = identityFromSeed(randomBytes(32));
    const bootId = randomBytes(16);
    const first = await bed.agent(1, { names: ['a@x'], identity, bootId, sessionSeq: 1 });
    const second = await bed.agent(1, { names: ['a@x'], identity, bootId, sessionSeq: 2 });
    expect(first.message('goodbye')).toBeUndefined();
    second.send({ kind: 'former_gone' });
    expect(await first.gone()).toMatchObject({ code: codeNumber('replaced') });
  });

  it('frees its names when it ends', async () => {
    const relay = await bed.relay(1);
    const first = await bed.agent(1, { names: ['a@x'] });
    first.send({ kind: 'goodbye', code: 'agent_stopped', text: '' });
    await until(() => relay.status().sessions.length === 0, 'the session to end');
    expect((await bed.agent(1, { names: ['a@x'] })).message('welcome')).toBeDefined();
  });

  it('changes its names', async () => {
    const relay = await bed.relay(1);
    await bed.agent(1, { names: ['a@x'] });
    const agent = await bed.agent(1, { names: ['b@x'] });
    agent.changeNames({ request: 7, add: ['a@x', 'c@x'], remove: ['b@x'] });
    expect(await until(() => agent.message('names_done'), 'NAMES_DONE')).toMatchObject({
      request: 7,
      taken: ['a@x'],
    });
    expect(relay.status().sessions[1]?.names).toEqual(['c@x']);
  });

  it('ends when it changes its names without the signature for that', async () => {
    await bed.relay(1);
    const agent = await bed.agent(1, { names: ['b@x'] });
    const claim = randomBytes(64);
    agent.send({ kind: 'names', request: 7, add: ['c@x'], remove: [], claimSeq: 1, claim });
    expect(await agent.gone()).toMatchObject({ code: codeNumber('bad_signature') });
  });

  it('answers PING', async () => {
    await bed.relay(1);
    const agent = await bed.agent(1);
    agent.send({ kind: 'ping', number: 41 });
    expect(await until(() => agent.message('pong'), 'PONG')).toEqual({ kind: 'pong', number: 41 });
  });

  it('ends on garbage, a message out of place, or a closed control stream; others go on', async () => {
    const relay = await bed.relay(1);
    const good = await bed.agent(1, { names: ['good@x'] });
    const garbage = await bed.agent(1, { names: ['bad@x'] });
    const tunnel = garbage.open('good@x');
    (await good.accept()).accept();
    await tunnel.first('open_ok');
    garbage.control.write(randomBytes(1000).fill(0xee));
    const misplaced = await bed.agent(1);
    misplaced.send({ kind: 'welcome', label: '' });
    const ended = await bed.agent(1);
    ended.control.end();
    for (const agent of [garbage, misplaced, ended]) {
      expect(await agent.gone()).toMatchObject({ code: codeNumber('protocol_error') });
    }
    good.send({ kind: 'ping', number: 1 });
    await until(() => good.message('pong'), 'PONG');
    expect(relay.status().sessions).toHaveLength(1);
  });

  it('that does not read its control stream is closed, and nobody else notices', async () => {
    const relay = await bed.relay(1);
    const good = await bed.agent(1);
    // An agent that makes the relay send so much is limited before.
    const deaf = await bed.agent(1, { role: 'relay' });
    deaf.control.pause();
    // 22 bytes each as PONG: 60,000 are above the 1 MiB that may wait.
    for (let n = 0; n < 60_000; n++) deaf.send({ kind: 'ping', number: 2 ** 40 + n });
    expect(await deaf.gone()).toMatchObject({ code: codeNumber('protocol_error') });
    good.send({ kind: 'ping', number: 1 });
    await until(() => good.message('pong'), 'PONG');
    expect(relay.status().sessions).toHaveLength(1);
  });

  it('wants at most 64 names of 32 KiB, those of others included', async () => {
    await bed.relay(1);
    const long = Array.from({ length: 40 }, (_, index) => `${index}@${'x'.repeat(900)}`);
    const refused = await bed.agent(1, { names: long });
    expect(refused.message('goodbye')).toMatchObject({ code: 'protocol_error' });
    await bed.agent(1, { names: ['taken@x'] });
    for (const add of [long, Array.from({ length: 65 }, (_, index) => `${index}@x`)]) {
      const agent = await bed.agent(1);
      agent.changeNames({ request: 1, add: ['taken@x'], remove: [] });
      await until(() => agent.message('names_done'), 'the answer');
      for (let at = 0; at < add.length; at += 10)
        agent.changeNames({ request: 2, add: add.slice(at, at + 10), remove: [] });
      await agent.gone();
      expect(agent.message('goodbye')).toMatchObject({ code: 'protocol_error' });
    }
  });

  it('gets DRAINING and then GOODBYE draining', async () => {
    const relay = await bed.relay(1);
    const agent = await bed.agent(1, { names: ['a@x'] });
    const draining = relay.drain();
    await until(() => agent.message('draining'), 'DRAINING');
    await draining;
    expect(agent.message('goodbye')?.code).toBe('draining');
    await expect(bed.agent(1)).rejects.toMatchObject({ code: 'refused' });
  });
});
