import { createServer } from 'node:net';
import { atom, formatTerm, type Term, tuple } from '@macula/dist-protocol';
import { describe, expect, it } from 'vitest';
import { code, start, until } from '../../test/beam-nodes.js';
import { type BeamEvent, lookUpNode, noReply } from './index.js';

const ok = atom('ok');

describe('two TypeScript nodes', () => {
  it('call, cast and send, and connect by themselves', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const casts: string[] = [];
    bob.genServer({
      name: 'server',
      handleCall: (request, from) => {
        if (request === atom('later')) {
          setImmediate(() => bob.reply(from, atom('at last')));
          return noReply;
        }
        if (request === atom('never')) return noReply;
        if (request === atom('fail')) throw new Error('it failed');
        return tuple(ok, request);
      },
      handleCast: (request) => casts.push(formatTerm(request)),
    });
    const to = { name: 'server', node: 'bob@h' };
    expect(formatTerm(await ann.call(to, [1, 2]))).toBe('{ok,[1,2]}');
    expect(await ann.call(to, atom('later'))).toBe(atom('at last'));
    ann.cast(to, 7);
    const failed = await ann.call(to, atom('fail')).catch((error: unknown) => error);
    expect(failed).toEqual(code('exit'));
    expect(formatTerm((failed as { reason: Term }).reason)).toBe('{js_error,<<"it failed">>}');
    expect(casts).toEqual(['7']);
    await expect(ann.call(to, atom('never'), { timeoutMs: 20 })).rejects.toEqual(code('timeout'));
    await expect(ann.call(to, atom('never'), { signal: AbortSignal.abort() })).rejects.toEqual(
      code('aborted'),
    );
    await expect(ann.call({ name: 'nobody', node: 'bob@h' }, ok)).rejects.toEqual(code('noproc'));
    await expect(ann.call({ name: 'x', node: 'eve@h' }, ok)).rejects.toEqual(code('noconnection'));
    await expect(ann.call(to, 1.5)).rejects.toMatchObject({ name: 'EtfError', code: 'invalid_term' });
    expect(await ann.ping('bob@h')).toBe('pong');
    expect(await ann.ping('eve@h')).toBe('pang');
    expect(ann.nodes().map(({ name }) => name)).toEqual(['bob@h']);
  });

  it('calls within one node need no connection', async () => {
    const ann = await start('ann@h');
    ann.genServer({ name: 'server', handleCall: (request) => request });
    expect(await ann.call({ name: 'server' }, 5)).toBe(5);
    await expect(ann.call({ name: 'nobody' }, 5)).rejects.toEqual(code('noproc'));
    expect(ann.nodes()).toEqual([]);
  });

  it('run what the other exposes, and nothing else', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    bob.expose('math', {
      double: (value) => (value as number) * 2,
      fail: () => Promise.reject(new Error('no')),
    });
    expect(await ann.erpc('bob@h', 'math', 'double', [21])).toBe(42);
    await expect(ann.erpc('bob@h', 'math', 'fail', [])).rejects.toMatchObject({
      code: 'exception',
      class: 'error',
    });
    for (const name of ['toString', 'constructor', '__proto__', 'half'])
      await expect(ann.erpc('bob@h', 'math', name, [])).rejects.toMatchObject({
        code: 'exception',
        reason: atom('undef'),
      });
    await expect(ann.spawnRequest('bob@h', 'os', 'cmd', [[]])).rejects.toEqual(code('not_supported'));
    expect(formatTerm(await ann.rpc('bob@h', 'os', 'cmd', []))).toBe(
      "{badrpc,{'EXIT',{undef,[{os,cmd,[],[]}]}}}",
    );
  });

  it('are told what is no term, and go on', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const noTerm = 'text' as unknown as Term;
    bob.genServer({ name: 'bad', handleCall: () => noTerm });
    bob.expose('bad', { f: () => noTerm });
    const invalid = expect.objectContaining({ name: 'EtfError', code: 'invalid_term' });
    const to = { name: 'bad', node: 'bob@h' };
    await ann.connect('bob@h');
    for (const run of [
      () => ann.send(to, noTerm),
      () => ann.cast(to, noTerm),
      () => ann.spawn().exit(noTerm),
    ])
      expect(run).toThrow(invalid);
    await expect(ann.call(to, noTerm)).rejects.toEqual(invalid);
    await expect(ann.erpc('bob@h', 'm', 'f', [noTerm])).rejects.toEqual(invalid);
    await expect(ann.rpc('bob@h', 'm', 'f', [noTerm])).rejects.toEqual(invalid);
    await expect(ann.spawnRequest('bob@h', 'm', 'f', [noTerm])).rejects.toEqual(invalid);
    expect(() => ann.send(noTerm as never, 1)).toThrow(code('bad_option'));
    await expect(ann.call(to, 1)).rejects.toEqual(code('exit'));
    await expect(ann.erpc('bob@h', 'bad', 'f', [])).rejects.toEqual(code('exception'));
    expect(await ann.ping('bob@h')).toBe('pong');
  });

  it('end what waits when a node is closed', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    bob.genServer({ name: 'server', handleCall: () => noReply });
    bob.expose('m', { wait: () => new Promise<Term>(() => {}) });
    const patience = { timeoutMs: Number.POSITIVE_INFINITY };
    const waiting = [
      ann.call({ name: 'server', node: 'bob@h' }, 1, patience),
      ann.erpc('bob@h', 'm', 'wait', [], patience),
      ann.spawn().receive(),
    ].map((promise) => promise.catch((error: { code: string }) => error.code));
    await ann.ping('bob@h');
    await ann.close();
    expect(await Promise.all(waiting)).toEqual(['closed', 'closed', 'exit']);
  });

  it('wait for many things with one signal, by one listener', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const ann = await start('ann@h');
    ann.genServer({ name: 'server', handleCall: (request) => (request === 1 ? noReply : request) });
    const stop = new AbortController();
    const { signal } = stop;
    const waiting = Array.from({ length: 30 }, () =>
      ann.call({ name: 'server' }, 1, { signal }).catch((error: { code: string }) => error.code),
    );
    expect(await ann.call({ name: 'server' }, 2, { signal })).toBe(2);
    stop.abort();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['aborted']));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('link and watch each other, and hear of the end of a connection', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const here = ann.spawn({ trapExit: true });
    const there = [bob.spawn({ name: 'b' }), bob.spawn(), bob.spawn()] as const;
    here.link(there[0].pid);
    here.link(there[1].pid);
    here.link(there[2].pid);
    here.unlink(there[1].pid);
    const reference = here.monitor({ name: 'b', node: 'bob@h' });
    await ann.ping('bob@h');
    there[1].exit(atom('unlinked'));
    there[0].exit(atom('done'));
    const got = [await here.receive(), await here.receive()].map((term) => formatTerm(term)).sort();
    expect(got).toEqual(
      [
        tuple(atom('DOWN'), reference, atom('process'), tuple(atom('b'), atom('bob@h')), atom('done')),
        tuple(atom('EXIT'), there[0].pid, atom('done')),
      ]
        .map((term) => formatTerm(term))
        .sort(),
    );
    await bob.close();
    expect(formatTerm(await here.receive())).toBe(
      formatTerm(tuple(atom('EXIT'), there[2].pid, atom('shutdown'))),
    );
    here.link(there[2].pid);
    expect(formatTerm(await here.receive())).toBe(
      formatTerm(tuple(atom('EXIT'), there[2].pid, atom('noconnection'))),
    );
  });

  it('an exit of a linked process ends one that does not trap it; kill ends any', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const reasons: string[] = [];
    const victim = ann.spawn({ onExit: (reason) => reasons.push(formatTerm(reason)) });
    const other = bob.spawn();
    other.link(victim.pid);
    await bob.ping('ann@h');
    other.exit(atom('crash'));
    await until(() => !victim.isAlive);
    const trapping = ann.spawn({ trapExit: true, onExit: (reason) => reasons.push(formatTerm(reason)) });
    bob.exit(trapping.pid, atom('please'));
    expect(formatTerm(await trapping.receive())).toMatch(/^\{'EXIT',#Pid<bob@h\.\d+\.0>,please\}$/);
    bob.exit(trapping.pid, atom('kill'));
    await until(() => !trapping.isAlive);
    expect(reasons).toEqual(['crash', 'killed']);
    expect(() => trapping.send({ name: 'x' }, ok)).toThrow(code('closed'));
  });

  it('share groups of processes', async () => {
    const ann = await start('ann@h');
    const bob = await start('bob@h');
    const member = ann.spawn();
    ann.pg().join(atom('g'), member);
    await ann.connect('bob@h');
    bob.pg();
    await until(() => bob.pg().members(atom('g')).length === 1);
    expect(bob.pg().members(atom('g'))).toEqual([member.pid]);
    expect(() => bob.pg().join(atom('g'), member)).toThrow(code('bad_option'));
    bob.disconnect('ann@h');
    await until(() => bob.pg().groups().length === 0);
    expect(ann.pg().localMembers(atom('g'))).toEqual([member.pid]);
  });

  it('tell of the changes of a group from the time they are asked for, not from the first that is read', async () => {
    const ann = await start('ann@h');
    const member = ann.spawn();
    const all = ann.pg().changes();
    const one = ann.pg().changes({ group: atom('one') });
    ann.pg().join(atom('other'), member);
    ann.pg().join(atom('one'), member);
    await ann.close();
    expect((await all.next()).value).toMatchObject({ change: 'join', group: atom('other') });
    expect((await one.next()).value).toMatchObject({ change: 'join', group: atom('one') });
  });
});

describe('a process', () => {
  it('takes its messages one after the other, and goes on when its handler throws', async () => {
    const events: BeamEvent[] = [];
    const ann = await start('ann@h', { onEvent: (event) => events.push(event) });
    const order: string[] = [];
    ann.register('slow', async (message) => {
      order.push(`begin ${message}`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`end ${message}`);
      if (message === 1) throw new Error('one');
    });
    for (const message of [1, 2]) ann.send({ name: 'slow' }, message);
    await until(() => order.length === 4);
    expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
    expect(events).toMatchObject([{ kind: 'handler_failed', error: { message: 'one' } }]);
  });

  it('ends when more messages wait than it may hold', async () => {
    const ann = await start('ann@h');
    const reasons: Term[] = [];
    const box = ann.spawn({ messagesMax: 3, onExit: (reason) => reasons.push(reason) });
    for (let count = 0; count < 4; count++) ann.send(box.pid, count);
    expect(reasons).toEqual([atom('mailbox_full')]);
    expect([await box.receive(), await box.receive(), await box.receive()]).toEqual([0, 1, 2]);
    await expect(box.receive()).rejects.toEqual(code('exit'));
  });

  it('is read with a time and a signal, by an iterator that ends with it', async () => {
    const ann = await start('ann@h');
    const box = ann.spawn();
    await expect(box.receive({ timeoutMs: 5 })).rejects.toEqual(code('timeout'));
    await expect(box.receive({ timeoutMs: 0 })).rejects.toEqual(code('timeout'));
    await expect(box.receive({ timeoutMs: -1 })).rejects.toEqual(code('bad_option'));
    const stop = new AbortController();
    const waiting = box.receive({ signal: stop.signal });
    await expect(box.receive()).rejects.toEqual(code('bad_option'));
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
    const seen: Term[] = [];
    const reading = (async () => {
      for await (const message of box) seen.push(message);
    })();
    for (const message of [1, 2, 3]) ann.send(box.pid, message);
    await until(() => seen.length === 3);
    box.exit();
    await reading;
    expect(seen).toEqual([1, 2, 3]);
  });

  it('has a name to itself', async () => {
    const ann = await start('ann@h');
    const first = ann.spawn({ name: 'one' });
    expect(() => ann.spawn({ name: 'one' })).toThrow(code('name_taken'));
    expect(() => ann.spawn({ name: 'net_kernel' })).toThrow(code('name_taken'));
    expect(ann.whereis('one')).toBe(first);
    first.exit();
    expect(ann.whereis('one')).toBeUndefined();
    expect(ann.spawn({ name: 'one' }).pid).not.toEqual(first.pid);
  });
});

describe('a node', () => {
  it.each([
    ['a name without host', { name: 'ann' }],
    ['a name with two', { name: 'a@b@c' }],
    ['an empty cookie', { cookie: '' }],
    ['a creation of 0', { creation: 0 }],
    ['no tick time', { netTicktime: 0 }],
    ['a tick time that no timer takes', { netTicktime: Number.POSITIVE_INFINITY }],
    ['a time to connect that is none', { connectTimeoutMs: Number.NaN }],
  ])('refuses %s', async (_, options) => {
    await expect(start('ann@h', options)).rejects.toEqual(code('bad_option'));
  });

  it('goes on when a message cannot be read', async () => {
    const events: BeamEvent[] = [];
    const ann = await start('ann@h', { onEvent: (event) => events.push(event) });
    const box = ann.spawn({ name: 'box' });
    const bob = await start('bob@h');
    await bob.connect('ann@h');
    bob.send({ name: 'box', node: 'ann@h' }, deep(600));
    bob.send({ name: 'box', node: 'ann@h' }, atom('after'));
    expect(await box.receive()).toBe(atom('after'));
    expect(events).toMatchObject([{ kind: 'nodeup' }, { kind: 'unreadable', error: { code: 'too_deep' } }]);
  });
});

describe('looking for a node', () => {
  it('ends in time when the port mapper says nothing, and says what came instead', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n')).listen(0, '127.0.0.1');
    await Promise.all(
      [silent, web].map((server) => new Promise((resolve) => server.once('listening', resolve))),
    );
    const at = (server: typeof silent) => ({
      host: '127.0.0.1',
      port: (server.address() as { port: number }).port,
    });
    try {
      await expect(lookUpNode('bob@h', at(silent), { timeoutMs: 30 })).rejects.toEqual(code('timeout'));
      await expect(lookUpNode('bob@h', at(web), {})).rejects.toMatchObject({
        name: 'EpmdError',
        code: 'malformed',
      });
      await expect(lookUpNode('bob@h', { host: '127.0.0.1', port: 1 }, {})).rejects.toEqual(
        code('noconnection'),
      );
    } finally {
      silent.close();
      web.close();
    }
  });
});

function deep(levels: number): Term {
  let term: Term = [];
  for (let level = 0; level < levels; level++) term = tuple(term);
  return term;
}
