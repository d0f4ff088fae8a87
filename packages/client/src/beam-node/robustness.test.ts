import { connect, createServer } from 'node:net';
import { atom, type Pid, type Term } from '@macula/dist-protocol';
import { describe, expect, it, vi } from 'vitest';
import { byName, code, start } from '../../test/beam-nodes.js';
import { streamPair } from '../../test/stream-pair.js';
import { BeamNode } from './index.js';

describe('opening a stream', () => {
  it('does not end it with the signal that it was opened with', async () => {
    const bob = await start('bob@h');
    const server = createServer((socket) => bob.accept(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const downs: string[] = [];
    const ann = await start('ann@h', {
      connectTimeoutMs: 200,
      open: async (_, signal) => connect({ host: '127.0.0.1', port, signal }),
      onEvent: (event) => {
        if (event.kind === 'nodedown') downs.push(event.reason);
      },
    });
    await ann.connect('bob@h');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(downs).toEqual([]);
    expect(await ann.ping('bob@h')).toBe('pong');
    server.close();
  });

  it('is given up in time, whoever does not listen to the signal', async () => {
    const ann = await start('ann@h', { connectTimeoutMs: 20, open: () => new Promise(() => {}) });
    await expect(ann.connect('bob@h')).rejects.toEqual(code('noconnection'));
    await expect(ann.call({ name: 'x', node: 'bob@h' }, atom('ok'))).rejects.toEqual(code('noconnection'));
  });

  it('is no connection when it throws', async () => {
    const ann = await start('ann@h', {
      open: () => {
        throw new Error('not today');
      },
    });
    await expect(ann.connect('bob@h')).rejects.toMatchObject({
      code: 'noconnection',
      cause: { message: 'not today' },
    });
  });
});

describe('what is no term', () => {
  const noTerm = 'text' as unknown as Term;
  const invalid = expect.objectContaining({ name: 'EtfError', code: 'invalid_term' });

  it('is told to who sends it, also before there is a connection', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const box = bob.spawn({ name: 'box' });
    bob.genServer({ name: 'server', handleCall: (request) => request });
    const to = { name: 'box', node: 'bob@h' };
    const run: readonly (() => unknown)[] = [
      () => ann.send(to, noTerm),
      () => ann.cast(to, noTerm),
      () => ann.exit(box.pid, noTerm),
      () => ann.erpcCast('bob@h', 'm', 'f', [noTerm]),
      () => ann.call(to, noTerm),
      () => ann.erpc('bob@h', 'm', 'f', [noTerm]),
      () => ann.spawnRequest('bob@h', 'm', 'f', [], { options: [noTerm] }),
    ];
    for (const one of run) await expect((async () => one())()).rejects.toEqual(invalid);
    ann.send(to, 1);
    expect(await ann.call({ name: 'server', node: 'bob@h' }, 2)).toBe(2);
    expect(await box.receive()).toBe(1);
  });

  it('is told also where the message stays at its node', async () => {
    const ann = await start('ann@h');
    const box = ann.spawn({ name: 'box' });
    for (const to of [{ name: 'box' }, box.pid]) expect(() => ann.send(to, noTerm)).toThrow(invalid);
    await expect(ann.call({ name: 'box' }, noTerm)).rejects.toEqual(invalid);
    expect(box.queuedMessages).toBe(0);
  });
});

describe('a connection that was ended', () => {
  it('is none any more at once: who connects gets another', async () => {
    const events: string[] = [];
    const ann = await start('ann@h', { onEvent: ({ kind }) => events.push(kind) });
    const bob = await start('bob@h');
    await ann.connect('bob@h');
    for (const node of [ann, bob, ann]) {
      const other = node === ann ? 'bob@h' : 'ann@h';
      expect(node.disconnect(other)).toBe(true);
      expect(node.nodes()).toEqual([]);
      expect(node.disconnect(other)).toBe(false);
      await node.connect(other);
      expect(node.nodes()).toMatchObject([{ name: other }]);
      expect(await node.ping(other)).toBe('pong');
    }
    expect(events).toEqual(['nodeup', ...[1, 2, 3].flatMap(() => ['nodedown', 'nodeup'])]);
  });
});

describe("the program's own decisions", () => {
  it('let nobody in where they throw, and end nothing else', async () => {
    const cookies: Readonly<Record<string, string>> = { 'bob@h': 'SECRET' };
    const events: unknown[] = [];
    const ann = await start('ann@h', {
      cookie: (node) => cookies[node] as string,
      allow: (node) => {
        if (node === 'dan@h') throw new Error('who is that?');
        return true;
      },
      onEvent: (event) => events.push(event),
    });
    const [bob, eve, dan] = [await start('bob@h'), await start('eve@h'), await start('dan@h')];
    for (const stranger of [eve, dan])
      await expect(stranger.connect('ann@h')).rejects.toMatchObject({ cause: { code: 'not_allowed' } });
    await expect(ann.connect('eve@h')).rejects.toEqual(code('bad_option'));
    await expect(ann.attach('eve@h', await byName('eve@h'))).rejects.toEqual(code('bad_option'));
    expect(events).toMatchObject([
      { kind: 'connect_failed', node: 'eve@h', error: { code: 'bad_option' } },
      { kind: 'connect_failed', node: 'dan@h', error: { message: 'who is that?' } },
      { kind: 'connect_failed', node: 'eve@h', error: { code: 'bad_option' } },
      { kind: 'connect_failed', node: 'eve@h', error: { code: 'bad_option' } },
    ]);
    expect(await bob.ping('ann@h')).toBe('pong');
  });

  it('are checked where they can be: a cookie that Erlang cannot have', async () => {
    await expect(start('ann@h', { cookie: 'ключ' })).rejects.toEqual(code('bad_option'));
  });
});

describe('a scope of groups', () => {
  it('that begins again elsewhere is found', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      ann.pg().join(atom('g'), ann.spawn());
      await ann.connect('bob@h');
      await ann.ping('bob@h');
      const seen: Term[] = [];
      bob.register('pg', (message) => seen.push(message));
      vi.advanceTimersByTime(10_000);
      await ann.ping('bob@h');
      expect(seen.length).toBeGreaterThan(0);
      await ann.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('what a handler throws', () => {
  it('keeps nobody else from being told', async () => {
    const events: string[] = [];
    const ann = await start('ann@h', {
      onEvent: (event) => events.push(event.kind === 'handler_failed' ? String(event.error) : event.kind),
    });
    const bob = await start('bob@h');
    const box = bob.spawn();
    const throws = (what: string) => () => {
      throw new Error(what);
    };
    ann.monitor(box.pid, throws('down'));
    ann.spawn({ onExit: throws('exit') }).link(box.pid);
    const last = ann.spawn({ trapExit: true });
    last.link(box.pid);
    const reasons: Term[] = [];
    last.monitor(box.pid, (reason) => reasons.push(reason));
    await ann.ping('bob@h');
    ann.disconnect('bob@h');
    await last.receive();
    expect(reasons).toEqual([atom('noconnection')]);
    expect(events.sort()).toEqual(['Error: down', 'Error: exit', 'nodedown', 'nodeup']);
  });
});

describe('a node that is closed', () => {
  it('ends the handshakes it has begun, and begins none', async () => {
    const ann = await start('ann@h');
    const [here, there] = streamPair();
    const attached = expect(ann.attach('bob@h', here)).rejects.toEqual(code('closed'));
    await ann.close();
    await attached;
    expect(here.writableEnded).toBe(true);
    const [late] = streamPair();
    await expect(ann.attach('bob@h', late)).rejects.toEqual(code('closed'));
    expect(late.destroyed).toBe(true);
    there.destroy();
  });
});

describe('a message that is too much', () => {
  it('ends the connection, and its limit is an option', async () => {
    const ends: string[] = [];
    const ann = await start('ann@h', {
      channelLimits: { assemblyBytesMax: 200_000 },
      onEvent: (event) => {
        if (event.kind === 'nodedown')
          ends.push(`${event.reason} ${(event.error as { code?: string }).code}`);
      },
    });
    const bob = await start('bob@h');
    const box = ann.spawn({ name: 'box' });
    const to = { name: 'box', node: 'ann@h' };
    bob.send(to, new Uint8Array(150_000));
    expect(await box.receive()).toHaveLength(150_000);
    bob.send(to, new Uint8Array(300_000));
    await vi.waitFor(() => expect(ends).toEqual(['protocol_error message_too_large']));
  });
});

describe('a term that is too much', () => {
  it('is told with its reason, where it is the result of a call, and its limit can be raised', async () => {
    const errors: Error[] = [];
    const ann = await start('ann@h', {
      termLimits: { elementsMax: 400 },
      onEvent: (event) => {
        if (event.kind === 'unreadable') errors.push(event.error);
      },
    });
    const rich = await start('rich@h', { termLimits: { elementsMax: 500 } });
    const bob = await start('bob@h');
    const long = new Array<Term>(450).fill([]);
    bob.expose('m', { long: () => long });
    await expect(ann.erpc('bob@h', 'm', 'long', [])).rejects.toMatchObject({
      code: 'exit',
      reason: atom('unreadable'),
    });
    expect(errors).toMatchObject([{ name: 'EtfError', code: 'too_many_elements' }]);
    expect(await rich.erpc('bob@h', 'm', 'long', [])).toHaveLength(long.length);
  });
});

describe('what an exposed function throws', () => {
  it('is an exception, also where it has no text', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const bare = () => {
      throw Object.create(null);
    };
    bob.expose('m', { bare });
    bob.genServer({ name: 'server', handleCall: bare });
    await expect(ann.erpc('bob@h', 'm', 'bare', [])).rejects.toEqual(code('exception'));
    await expect(ann.call({ name: 'server', node: 'bob@h' }, 1)).rejects.toEqual(code('exit'));
  });
});

describe('a node that is being registered', () => {
  it('does not mind who comes and goes meanwhile', async () => {
    const epmd = createServer((socket) => {
      socket.once('data', (request: Buffer) => {
        const visitor = connect({ host: '127.0.0.1', port: request.readUInt16BE(3) });
        visitor.on('connect', () => {
          visitor.resetAndDestroy();
          setTimeout(() => socket.write(Uint8Array.of(118, 0, 0, 0, 0, 9)), 20);
        });
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => epmd.once('listening', resolve));
    const { port } = epmd.address() as { port: number };
    const ann = await start('ann@h', { listen: { host: '127.0.0.1' }, epmd: { host: '127.0.0.1', port } });
    expect(ann.creation).toBe(9);
    epmd.close();
  });
});

describe('a call that was given up', () => {
  it('gets no result any more', async () => {
    let bytesIn = 0;
    const ann = await start('ann@h', {
      open: async (name) => (await byName(name)).on('data', (bytes: Uint8Array) => (bytesIn += bytes.length)),
    });
    const bob = await start('bob@h');
    const ends: ((value: Term) => void)[] = [];
    bob.expose('m', { wait: () => new Promise<Term>((resolve) => ends.push(resolve)) });
    const stop = new AbortController();
    const calls = [
      ann.erpc('bob@h', 'm', 'wait', [], { timeoutMs: 0 }),
      ann.erpc('bob@h', 'm', 'wait', [], { signal: stop.signal }),
    ].map((call) => call.catch((error: { code: string }) => error.code));
    await ann.ping('bob@h');
    stop.abort();
    expect(await Promise.all(calls)).toEqual(['timeout', 'aborted']);
    await ann.ping('bob@h');
    expect(ends).toHaveLength(2);
    for (const end of ends) end(new Uint8Array(100_000));
    await ann.ping('bob@h');
    expect(bytesIn).toBeLessThan(10_000);
  });
});

describe('an exit signal from another node', () => {
  it('does not end what belongs to the node itself', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const callers: Pid[] = [];
    bob.genServer({
      name: 'server',
      handleCall: (request, { pid }) => {
        callers.push(pid);
        return request;
      },
    });
    ann.pg();
    const to = { name: 'server', node: 'bob@h' };
    expect(await ann.call(to, 1)).toBe(1);
    for (const name of ['net_kernel', 'pg']) callers.push(ann.whereis(name)!.pid);
    for (const pid of callers) for (const reason of ['kill', 'please']) bob.exit(pid, atom(reason));
    const victim = ann.spawn();
    bob.exit(victim.pid, atom('kill'));
    await bob.ping('ann@h');
    expect(victim.isAlive).toBe(false);
    expect(await ann.call(to, 2)).toBe(2);
    expect(await bob.ping('ann@h')).toBe('pong');
    expect(ann.whereis('pg')?.isAlive).toBe(true);
  });
});

describe('a node name without a host', () => {
  it('is told to be none, and looked for nowhere', async () => {
    let questions = 0;
    const epmd = createServer((socket) => {
      questions += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => epmd.once('listening', resolve));
    const { port } = epmd.address() as { port: number };
    const ann = await BeamNode.start({ name: 'ann@h', cookie: 'SECRET', epmd: { port } });
    for (const name of ['bob', '@h', 'bob@', ''])
      await expect(ann.connect(name)).rejects.toMatchObject({
        code: 'noconnection',
        message: `not a node name: ${JSON.stringify(name)}; it is like me@myhost`,
      });
    expect(questions).toBe(0);
    await ann.close();
    epmd.close();
  });
});
