import { atom, Handshake, supportedFlags } from '@macula/dist-protocol';
import { describe, expect, it } from 'vitest';
import { code, start, until } from '../../test/beam-nodes.js';
import { streamPair } from '../../test/stream-pair.js';
import type { BeamEvent } from './index.js';

const ok = atom('ok');

describe('connections of a node', () => {
  it('tells of every node that comes and goes, to all that listen', async () => {
    const ann = await start('ann@h');
    await start('bob@h');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of ann.events()) seen.push(event.kind);
    })();
    await ann.connect('bob@h');
    ann.disconnect('bob@h');
    await until(() => seen.length === 2);
    await ann.close();
    await reading;
    expect(seen).toEqual(['nodeup', 'nodedown']);
    await expect(ann.connect('bob@h')).rejects.toEqual(code('closed'));
    await expect(ann.call({ name: 'x' }, ok)).rejects.toEqual(code('closed'));
    expect(() => ann.spawn()).toThrow(code('closed'));
  });

  it('keeps one connection of many that are made at once, from both sides', async () => {
    const up: string[] = [];
    const ann = await start('ann@h', { onEvent: ({ kind }) => up.push(`ann ${kind}`) });
    const bob = await start('bob@h', { onEvent: ({ kind }) => up.push(`bob ${kind}`) });
    await Promise.all([1, 2, 3].flatMap(() => [ann.connect('bob@h'), bob.connect('ann@h')]));
    expect(await ann.ping('bob@h')).toBe('pong');
    expect(up.sort()).toEqual(['ann nodeup', 'bob nodeup']);
  });

  it('is connected with itself', async () => {
    const events: string[] = [];
    const ann = await start('ann@h', { onEvent: ({ kind }) => events.push(kind) });
    await ann.connect('ann@h');
    expect(await ann.ping('ann@h')).toBe('pong');
    expect(ann.nodes()).toEqual([]);
    expect(events).toEqual([]);
  });

  it('gives a name to a node that has none', async () => {
    const seen: string[] = [];
    const ann = await start('ann@h', {
      onEvent: (event) => {
        if (event.kind === 'nodeup') seen.push(event.node.name);
      },
    });
    const given: string[] = [];
    for (const challenge of [1, 2]) {
      const [here, there] = streamPair();
      ann.accept(there);
      const local = { name: 'far', creation: 0, flags: supportedFlags };
      const unnamed = Handshake.initiator(
        { local, challenge, peerName: 'ann@h', cookie: Buffer.from('SECRET'), wantsName: true },
        0,
      );
      here.on('data', (bytes) => {
        unnamed.handleBytes(bytes);
        say();
      });
      const say = () => {
        for (let out = unnamed.pollOutput(); out !== undefined; out = unnamed.pollOutput())
          if (out.kind === 'send') here.write(out.bytes);
          else if (out.kind === 'connected') given.push(out.local.name);
      };
      say();
    }
    await until(() => given.length === 2 && seen.length === 2);
    expect(new Set(given).size).toBe(2);
    expect(given.every((name) => /^[0-9a-f]{16}@far$/.test(name))).toBe(true);
    expect(seen.sort()).toEqual(given.sort());
  });

  it('does not let in who does not know the cookie, or is not allowed', async () => {
    const events: BeamEvent[] = [];
    const ann = await start('ann@h', {
      allow: (name) => name !== 'dan@h',
      onEvent: (event) => events.push(event),
    });
    const eve = await start('eve@h', { cookie: 'GUESS' });
    const dan = await start('dan@h');
    await expect(eve.connect('ann@h')).rejects.toMatchObject({
      code: 'noconnection',
      cause: { code: 'wrong_cookie' },
    });
    await expect(dan.connect('ann@h')).rejects.toMatchObject({
      code: 'noconnection',
      cause: { code: 'not_allowed' },
    });
    expect(ann.nodes()).toEqual([]);
    await until(() => events.length === 2);
    expect(events).toMatchObject([
      { kind: 'connect_failed', node: 'eve@h', error: { code: 'wrong_cookie' } },
      { kind: 'connect_failed', node: 'dan@h', error: { code: 'not_allowed' } },
    ]);
  });

  it('gives up a node that is not reached in time', async () => {
    const open = (_: string, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const ann = await start('ann@h', { connectTimeoutMs: 20, open });
    await expect(ann.connect('bob@h')).rejects.toMatchObject({
      code: 'noconnection',
      message: /not reached within 20 ms/,
    });
    await expect(ann.call({ name: 'x', node: 'bob@h' }, ok)).rejects.toEqual(code('noconnection'));
    await expect(ann.connect('bob@h', { timeoutMs: 5 })).rejects.toEqual(code('timeout'));
  });

  it('is not kept from a node by somebody who claims its name', async () => {
    const ann = await start('ann@h', { connectTimeoutMs: 300 });
    const [liar, there] = streamPair();
    ann.accept(there);
    const local = { name: 'bob@h', creation: 1, flags: supportedFlags };
    const hello = Handshake.initiator(
      { local, challenge: 1, peerName: 'ann@h', cookie: new Uint8Array(1) },
      0,
    ).pollOutput();
    liar.write(hello?.kind === 'send' ? hello.bytes : '');
    await until(() => liar.readableLength > 0);
    await start('bob@h');
    await ann.connect('bob@h', { timeoutMs: 5_000 });
    expect(ann.nodes().map(({ name }) => name)).toEqual(['bob@h']);
  });
});
