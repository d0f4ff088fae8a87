import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTerm } from '../../test/arbitrary-terms.js';
import { atom, formatTerm, type PgOutput, PgScope, Pid, type Term, type Tuple, tuple } from '../index.js';

const pg = atom('pg');
const pidAt = (node: string, id: number) => new Pid({ node: atom(node), id, serial: 0, creation: 1 });
const text = (pids: readonly Pid[]) => pids.map((pid) => formatTerm(pid)).sort();

function outputsOf(scope: PgScope): PgOutput[] {
  const found: PgOutput[] = [];
  for (let one = scope.pollOutput(); one !== undefined; one = scope.pollOutput()) found.push(one);
  return found;
}

/**
 * What the scope process of OTP 25 to 27 keeps of others, from `pg.erl`: it ends when somebody leaves a group that it doesn't know of.
 */
class OtpRecords {
  readonly #peers = new Map<string, Map<string, string[]>>();

  handleMessage(message: Term): void {
    const [tag, ...rest] = (message as Tuple).elements as Term[];
    if (tag === atom('$gen_cast')) {
      const [, peer, groups] = (rest[0] as Tuple).elements as [Term, Term, Tuple[]];
      const pairs = groups.map(
        ({ elements: [group, pids] }) => [formatTerm(group!), text(pids as Pid[])] as const,
      );
      this.#peers.set(formatTerm(peer), new Map(pairs));
    } else if (tag === atom('discover')) {
      const peer = formatTerm(rest[0]!);
      if (!this.#peers.has(peer)) this.#peers.set(peer, new Map());
    } else {
      const groups = this.#peers.get(formatTerm(rest[0]!));
      if (groups === undefined) return;
      if (tag === atom('join')) {
        const group = formatTerm(rest[1]!);
        groups.set(group, [...(groups.get(group) ?? []), ...text([rest[2]!].flat() as Pid[])]);
      } else this.#leave(groups, text([rest[1]!].flat() as Pid[]), rest[2] as Term[]);
    }
  }

  handleDown(peer: Pid): void {
    this.#peers.delete(formatTerm(peer));
  }

  #leave(known: Map<string, string[]>, pids: readonly string[], groups: readonly Term[]): void {
    for (const group of groups.map((one) => formatTerm(one))) {
      const left = known.get(group);
      if (left === undefined) throw new Error(`{badkey,${group}}: the scope of OTP ends`);
      for (const pid of pids) if (left.includes(pid)) left.splice(left.indexOf(pid), 1);
      if (left.length === 0) known.delete(group);
    }
  }
}

/** Several nodes of one scope, whose messages take their time but keep their order between two of them. */
class World {
  readonly scopes = new Map<string, PgScope>();
  readonly records = new Map<string, OtpRecords>();
  /** Members as somebody at each node knows them who has only heard of changes. */
  readonly views = new Map<string, Map<string, string[]>>();
  readonly #lines = new Map<string, { readonly to: string; readonly message: Term }[]>();
  readonly events: string[] = [];

  constructor(readonly names: readonly string[]) {
    for (const name of names) {
      this.scopes.set(name, new PgScope(pg, pidAt(name, 0)));
      this.records.set(name, new OtpRecords());
      this.views.set(name, new Map());
    }
  }

  drain(name: string): void {
    for (const output of outputsOf(this.scopes.get(name)!)) {
      if (output.kind === 'changed') {
        this.events.push(
          `${name} ${output.change} ${formatTerm(output.group)} ${text(output.pids).join(' ')}`,
        );
        this.see(this.views.get(name)!, output);
      }
      if (output.kind !== 'send') continue;
      const { to, message } = output;
      this.line(name, to.node.name).push({ to: to.node.name, message });
    }
  }

  see(view: Map<string, string[]>, { change, group, pids }: Extract<PgOutput, { kind: 'changed' }>): void {
    const members = view.get(formatTerm(group)) ?? [];
    if (change === 'join') members.push(...text(pids));
    else
      for (const pid of text(pids)) {
        expect(members).toContain(pid);
        members.splice(members.indexOf(pid), 1);
      }
    view.set(formatTerm(group), members.sort());
  }

  line(from: string, to: string) {
    const key = `${from}>${to}`;
    const line = this.#lines.get(key) ?? [];
    this.#lines.set(key, line);
    return line;
  }

  connect(one: string, other: string): void {
    this.scopes.get(one)!.handleNodeUp(atom(other));
    this.drain(one);
  }

  cut(one: string, other: string): void {
    this.line(one, other).length = 0;
    this.line(other, one).length = 0;
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const) {
      this.scopes.get(here)!.handleDown(pidAt(there, 0));
      this.records.get(here)!.handleDown(pidAt(there, 0));
      this.drain(here);
    }
  }

  /** Delivers one message of the line that `choice` points at; false when all are empty. */
  deliver(choice: number): boolean {
    const full = [...this.#lines.values()].filter((line) => line.length > 0);
    const line = full[choice % Math.max(1, full.length)];
    const next = line?.shift();
    if (next === undefined) return false;
    this.scopes.get(next.to)!.handleMessage(next.message);
    this.records.get(next.to)!.handleMessage(next.message);
    this.drain(next.to);
    return true;
  }

  settle(): void {
    while (this.deliver(0));
  }
}

describe('a pg scope', () => {
  it('takes no group that is no term', () => {
    const scope = new PgScope(pg, pidAt('a@h', 0));
    const invalid = expect.objectContaining({ code: 'invalid_term' });
    for (const group of ['room', 1.5, undefined] as unknown as Term[])
      expect(() => scope.join(group, [pidAt('a@h', 1)])).toThrow(invalid);
    expect(() => scope.members('room' as unknown as Term)).toThrow(invalid);
    expect([outputsOf(scope), scope.groups()]).toEqual([[], []]);
  });

  it('finds one that begins again, and asks nobody who has answered or is gone', () => {
    const scope = new PgScope(pg, pidAt('a@h', 0));
    const asked = () =>
      outputsOf(scope).flatMap((one) => (one.kind === 'send' && 'name' in one.to ? [one.to.node.name] : []));
    scope.handleNodeUp(atom('b@h'));
    scope.handleNodeUp(atom('c@h'));
    expect(asked()).toEqual(['b@h', 'c@h']);
    scope.handleMessage(tuple(atom('discover'), pidAt('b@h', 0)));
    outputsOf(scope);
    scope.askAgain();
    expect(asked()).toEqual(['c@h']);
    scope.handleNodeDown(atom('c@h'));
    scope.handleDown(pidAt('b@h', 0));
    scope.askAgain();
    expect(asked()).toEqual(['b@h']);
  });

  it('tells a new peer who is in, and both of every change', () => {
    const world = new World(['a@h', 'b@h']);
    const a = world.scopes.get('a@h')!;
    const b = world.scopes.get('b@h')!;
    a.join(atom('g'), [pidAt('a@h', 1)]);
    world.drain('a@h');
    world.connect('b@h', 'a@h');
    world.settle();
    expect(text(b.members(atom('g')))).toEqual(text([pidAt('a@h', 1)]));
    b.join(atom('g'), [pidAt('b@h', 2), pidAt('b@h', 2)]);
    world.drain('b@h');
    world.settle();
    expect(text(a.members(atom('g')))).toEqual(text([pidAt('a@h', 1), pidAt('b@h', 2), pidAt('b@h', 2)]));
    expect(text(a.localMembers(atom('g')))).toEqual(text([pidAt('a@h', 1)]));
    b.handleDown(pidAt('b@h', 2));
    world.drain('b@h');
    world.settle();
    expect(text(a.members(atom('g')))).toEqual(text([pidAt('a@h', 1)]));
    expect(a.leave(atom('g'), [pidAt('a@h', 9)])).toBe(false);
    expect(a.leave(atom('g'), [pidAt('a@h', 1)])).toBe(true);
    world.drain('a@h');
    world.settle();
    expect([a.groups(), b.groups()]).toEqual([[], []]);
    expect(world.events.filter((event) => event.startsWith('a@h'))).toEqual([
      'a@h join g #Pid<a@h.1.0>',
      'a@h join g #Pid<b@h.2.0> #Pid<b@h.2.0>',
      'a@h leave g #Pid<b@h.2.0>',
      'a@h leave g #Pid<b@h.2.0>',
      'a@h leave g #Pid<a@h.1.0>',
    ]);
  });

  it('watches each member once', () => {
    const scope = new PgScope(pg, pidAt('a@h', 0));
    const pid = pidAt('a@h', 1);
    scope.join(atom('g'), [pid]);
    scope.join(tuple(atom('other'), 1), [pid]);
    expect(outputsOf(scope).filter(({ kind }) => kind === 'monitor')).toHaveLength(1);
    scope.leave(atom('g'), [pid]);
    expect(outputsOf(scope).some(({ kind }) => kind === 'demonitor')).toBe(false);
    scope.leave(tuple(atom('other'), 1), [pid]);
    expect(outputsOf(scope).filter(({ kind }) => kind === 'demonitor')).toHaveLength(1);
  });

  it('takes no word of a peer that it does not know, nor of what is no message of pg', () => {
    const scope = new PgScope(pg, pidAt('a@h', 0));
    scope.handleMessage(tuple(atom('join'), pidAt('b@h', 0), atom('g'), pidAt('b@h', 1)));
    fc.assert(
      fc.property(
        fc.constantFrom('join', 'leave', 'discover', 'sync', '$gen_cast', 'x'),
        fc.array(anyTerm, { maxLength: 3 }),
        (tag, rest) => {
          scope.handleMessage(tuple(atom(tag), ...rest));
          scope.handleMessage(tuple(atom('$gen_cast'), tuple(atom(tag), ...rest)));
        },
      ),
      { numRuns: runsOf(process.env, 500) },
    );
    expect(scope.members(atom('g'))).toEqual([]);
  });

  it('tells a peer of no change before it has told all members', () => {
    const scope = new PgScope(pg, pidAt('a@h', 0));
    const peer = pidAt('b@h', 0);
    const [one, two] = [pidAt('a@h', 1), pidAt('a@h', 2)];
    scope.join(atom('g'), [one, two]);
    // The peer answers this node's own question; its question is still on its way.
    scope.handleMessage(tuple(atom('$gen_cast'), tuple(atom('sync'), peer, [])));
    outputsOf(scope);
    scope.leave(atom('g'), [one]);
    scope.handleDown(two);
    const sent = outputsOf(scope).flatMap((output) => (output.kind === 'send' ? [output.message] : []));
    const self = pidAt('a@h', 0);
    expect(sent).toEqual([
      tuple(atom('$gen_cast'), tuple(atom('sync'), self, [tuple(atom('g'), [two])])),
      tuple(atom('leave'), self, two, [atom('g')]),
    ]);
  });

  it('takes what a peer says at last for all that there is, and tells the difference', () => {
    const scope = new PgScope(pg, pidAt('a@h', 0));
    const peer = pidAt('b@h', 0);
    const [one, two, three] = [1, 2, 3].map((id) => pidAt('b@h', id)) as [Pid, Pid, Pid];
    const say = (...groups: readonly Term[]) =>
      scope.handleMessage(tuple(atom('$gen_cast'), tuple(atom('sync'), peer, groups)));
    say(tuple(atom('g'), [one, one, two]), tuple(atom('h'), [one]));
    outputsOf(scope);
    say(tuple(atom('g'), [one, three]), tuple(atom('empty'), []));
    expect(outputsOf(scope)).toEqual([
      { kind: 'changed', change: 'leave', group: atom('g'), pids: [one, two] },
      { kind: 'changed', change: 'leave', group: atom('h'), pids: [one] },
      { kind: 'changed', change: 'join', group: atom('g'), pids: [three] },
    ]);
    expect(scope.groups()).toEqual([atom('g')]);
  });

  it('is no peer of itself', () => {
    const self = pidAt('a@h', 0);
    const scope = new PgScope(pg, self);
    scope.handleMessage(tuple(atom('discover'), self));
    scope.handleMessage(tuple(atom('$gen_cast'), tuple(atom('sync'), self, [tuple(atom('g'), [self])])));
    expect(outputsOf(scope)).toEqual([]);
    expect(scope.groups()).toEqual([]);
  });

  it('costs no more for each of many members than for one of few', () => {
    // With time in proportion to the square of the members this takes minutes, which no test has.
    const count = 20_000;
    const a = new PgScope(pg, pidAt('a@h', 0));
    const b = new PgScope(pg, pidAt('b@h', 0));
    const pids = Array.from({ length: count }, (_, index) => pidAt('a@h', index + 1));
    b.handleMessage(tuple(atom('discover'), pidAt('a@h', 0)));
    outputsOf(b);
    for (const [index, pid] of pids.entries()) {
      a.join(atom('g'), [pid]);
      a.join(tuple(atom('g'), index), [pid]);
      b.handleMessage(tuple(atom('join'), pidAt('a@h', 0), atom('g'), pid));
    }
    expect([a.members(atom('g')).length, b.members(atom('g')).length]).toEqual([count, count]);
    expect(a.groups().length).toBe(count + 1);
    outputsOf(a);
    for (const pid of pids.reverse()) {
      a.handleDown(pid);
      b.handleMessage(tuple(atom('leave'), pidAt('a@h', 0), pid, [atom('g')]));
    }
    expect([a.groups(), b.groups()]).toEqual([[], []]);
  });

  it('agrees with every connected node once all messages have come, whatever their order', () => {
    const names = ['a@h', 'b@h', 'c@h'];
    const step = fc.record({
      what: fc.constantFrom('join', 'leave', 'down', 'connect', 'cut', 'deliver', 'deliver', 'deliver'),
      who: fc.constantFrom(...names),
      other: fc.constantFrom(...names),
      group: fc.constantFrom<Term>(atom('g'), tuple(atom('g'), 2)),
      id: fc.integer({ min: 1, max: 2 }),
      choice: fc.nat({ max: 5 }),
      // Of a visible and a hidden node only the hidden one asks.
      bothAsk: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const world = new World(names);
        const model = new Map<string, Pid[]>();
        const connected = new Set<string>();
        for (const { what, who, other, group, id, choice, bothAsk } of steps) {
          const scope = world.scopes.get(who)!;
          const pid = pidAt(who, id);
          const line = [who, other].sort().join();
          if (what === 'join') {
            scope.join(group, [pid]);
            model.set(`${who} ${formatTerm(group)}`, [
              ...(model.get(`${who} ${formatTerm(group)}`) ?? []),
              pid,
            ]);
          } else if (what === 'leave') {
            const own = model.get(`${who} ${formatTerm(group)}`) ?? [];
            const at = own.findIndex((one) => one.id === id);
            expect(scope.leave(group, [pid])).toBe(at >= 0);
            if (at >= 0) own.splice(at, 1);
          } else if (what === 'down') {
            scope.handleDown(pid);
            for (const [key, own] of model)
              if (key.startsWith(who))
                model.set(
                  key,
                  own.filter((one) => one.id !== id),
                );
          } else if (what === 'connect' && who !== other) {
            if (!connected.has(line)) {
              connected.add(line);
              world.connect(who, other);
              if (bothAsk) world.connect(other, who);
            }
          } else if (what === 'cut' && who !== other) {
            if (connected.delete(line)) world.cut(who, other);
          } else if (what === 'deliver') world.deliver(choice);
          world.drain(who);
        }
        world.settle();
        for (const group of [atom('g'), tuple(atom('g'), 2)])
          for (const who of names) {
            const seen = names.filter((other) => other === who || connected.has([who, other].sort().join()));
            const wanted = seen.flatMap((name) => model.get(`${name} ${formatTerm(group)}`) ?? []);
            expect(text(world.scopes.get(who)!.members(group)), who).toEqual(text(wanted));
            expect(world.views.get(who)!.get(formatTerm(group)) ?? [], who).toEqual(text(wanted));
          }
      }),
      { numRuns: runsOf(process.env, 300) },
    );
  });
});
