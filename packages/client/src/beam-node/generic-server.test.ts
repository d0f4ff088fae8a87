import {
  atom,
  formatTerm,
  ImproperList,
  type Reference,
  type Term,
  type Tuple,
  termEquals,
  tuple,
} from '@macula/dist-protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { BeamNode } from './index.js';

let node: BeamNode;
afterEach(() => node.close());

describe('a call that a generic server can not answer', () => {
  const alias = atom('alias');
  const tags: Readonly<Record<string, (watch: Reference, other: Reference) => Term>> = {
    'gen_server:call': (watch) => new ImproperList([alias], watch),
    'a collection of requests': (watch) =>
      new ImproperList([new ImproperList([alias], watch)], atom('label')),
    'gen_server:multi_call': (watch, other) => new ImproperList([new ImproperList([alias], other)], watch),
    'gen_server:multi_call of OTP 25': (_, other) => tuple(other, atom('ann@h')),
    'gen_server:call before OTP 24': (watch) => watch,
  };
  for (const [how, tagOf] of Object.entries(tags))
    it(`ends for the caller at once, and no other watch of it: ${how}`, async () => {
      node = await BeamNode.start({ name: 'ann@h', cookie: 'SECRET' });
      node.genServer({
        name: 'server',
        handleCall: async () => {
          throw new Error('it failed');
        },
      });
      const caller = node.spawn();
      const earlier = caller.monitor({ name: 'server' });
      const watch = caller.monitor({ name: 'server' });
      const tag = tagOf(watch, node.makeReference());
      caller.send({ name: 'server' }, tuple(atom('$gen_call'), tuple(caller.pid, tag), 1));
      const [, reference, , , reason] = await downOf(caller.receive());
      expect(formatTerm(reason)).toBe('{js_error,<<"it failed">>}');
      expect(termEquals(reference, watch)).toBe(true);
      node.whereis('server')?.exit(atom('shutdown'));
      expect((await downOf(caller.receive()))[1]).toBe(earlier);
    });
});

describe('what sys asks a generic server for', () => {
  it('is refused at once, but gen_server:stop ends it', async () => {
    node = await BeamNode.start({ name: 'ann@h', cookie: 'SECRET' });
    const infos: Term[] = [];
    node.genServer({ name: 'server', handleInfo: (message) => infos.push(message) });
    expect(await order('server', atom('get_state'))).toBe('{error,{unknown_system_msg,get_state}}');
    expect(await order('net_kernel', tuple(atom('terminate'), atom('x')))).toMatch(/^\{error,/);
    const watcher = node.spawn();
    watcher.monitor({ name: 'server' });
    expect(await order('server', tuple(atom('terminate'), atom('shutdown')))).toBe('ok');
    expect((await downOf(watcher.receive()))[4]).toBe(atom('shutdown'));
    expect(node.whereis('server')).toBeUndefined();
    expect(node.whereis('net_kernel')?.isAlive).toBe(true);
    expect(infos).toEqual([]);
  });

  async function order(name: string, request: Term): Promise<string> {
    const caller = node.spawn();
    const tag = node.makeReference();
    caller.send({ name }, tuple(atom('system'), tuple(caller.pid, tag), request));
    const answer = (await caller.receive({ timeoutMs: 2_000 })) as Tuple;
    expect(answer.elements[0]).toBe(tag);
    return formatTerm(answer.elements[1] as Term);
  }
});

async function downOf(message: Promise<Term>): Promise<[Term, Term, Term, Term, Term]> {
  return [...((await message) as Iterable<Term>)] as [Term, Term, Term, Term, Term];
}
