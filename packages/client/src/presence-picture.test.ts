import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import type { Presence } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { presenceDoubtMs } from './limits.js';
import { PresencePicture } from './presence-picture.js';

const command = 'npx vitest run --project unit packages/client/src/presence-picture.test.ts';

function presence(more: Partial<Presence>): Presence {
  return { kind: 'presence', whole: false, more: false, joined: [], left: [], ...more };
}

function list(...joined: string[]): Presence {
  return presence({ whole: true, joined });
}

function told(picture: PresencePicture): string[] {
  return picture.takeChanges().map(({ kind, name }) => `${kind === 'node_joined' ? '+' : '-'}${name}`);
}

/** Of a node with the name `own@x`, which was told these names by its first session. */
function pictureOf(...names: string[]): PresencePicture {
  const picture = new PresencePicture((name) => name === 'own@x');
  picture.handleSession(true);
  picture.handlePresence(list(...names), 0);
  picture.takeChanges();
  return picture;
}

describe('the picture of a realm', () => {
  it('is unknown until the list is complete, and then without own names, in order', () => {
    const picture = new PresencePicture((name) => name === 'own@x');
    expect(picture.names).toBeUndefined();
    picture.handleSession(true);
    picture.handlePresence(presence({ joined: ['early@x'] }), 0);
    picture.handlePresence(presence({ whole: true, more: true, joined: ['c@x', 'own@x'] }), 0);
    expect(picture.names).toBeUndefined();
    expect(told(picture)).toEqual([]);
    picture.handlePresence(presence({ more: true, left: ['c@x'] }), 0);
    picture.handlePresence(presence({ joined: ['b@x', 'a@x'] }), 0);
    expect(picture.names).toEqual(['a@x', 'b@x']);
    expect(told(picture)).toEqual(['+b@x', '+a@x']);
  });

  it('follows what joins and leaves', () => {
    const picture = pictureOf('a@x');
    picture.handlePresence(presence({ joined: ['b@x'], left: ['a@x'] }), 0);
    expect(told(picture)).toEqual(['-a@x', '+b@x']);
    expect(picture.names).toEqual(['b@x']);
  });

  it('takes a later list of the same session as it is', () => {
    const picture = pictureOf('a@x', 'b@x');
    picture.handlePresence(list('b@x', 'c@x'), 0);
    expect(told(picture)).toEqual(['-a@x', '+c@x']);
  });

  it('tells only what differs when another session gives its list, and keeps what is missing there for a while', () => {
    const picture = pictureOf('a@x', 'b@x', 'c@x');
    picture.handleSession(true);
    expect(picture.names).toEqual(['a@x', 'b@x', 'c@x']);
    picture.handlePresence(list('b@x', 'd@x'), 1000);
    expect(told(picture)).toEqual(['+d@x']);
    expect(picture.names).toEqual(['a@x', 'b@x', 'c@x', 'd@x']);
    picture.handlePresence(presence({ joined: ['a@x'] }), 2000);
    expect(picture.pollTimeout()).toBe(1000 + presenceDoubtMs);
    picture.handleTimeout(1000 + presenceDoubtMs - 1);
    expect(told(picture)).toEqual([]);
    picture.handleTimeout(1000 + presenceDoubtMs);
    expect(told(picture)).toEqual(['-c@x']);
    expect(picture.pollTimeout()).toBeUndefined();
  });

  it('keeps it no longer when there is yet another session', () => {
    const picture = pictureOf('a@x');
    picture.handleSession(true);
    picture.handlePresence(list(), 0);
    picture.handleSession(true);
    picture.handlePresence(list(), 10_000);
    picture.handleTimeout(presenceDoubtMs);
    expect(told(picture)).toEqual(['-a@x']);
  });

  it('is unknown while the relay is too old, and goes on from there', () => {
    const picture = pictureOf('a@x');
    picture.handleSession(false);
    expect(picture.names).toBeUndefined();
    picture.handleSession(true);
    picture.handlePresence(list('a@x', 'b@x'), 0);
    expect(told(picture)).toEqual(['+b@x']);
  });

  it('has no name while it is an own one, nor before its session says that it has left', () => {
    const own = new Set(['own@x']);
    const picture = new PresencePicture((name) => own.has(name));
    picture.handleSession(true);
    picture.handlePresence(list('own@x', 'a@x', 'b@x'), 0);
    picture.takeChanges();
    own.add('a@x');
    picture.handleOwn({ add: ['a@x'], remove: [] }, 0);
    expect(told(picture)).toEqual(['-a@x']);
    own.delete('own@x');
    own.delete('a@x');
    picture.handleOwn({ add: [], remove: ['own@x', 'a@x'] }, 0);
    expect(told(picture)).toEqual([]);
    picture.handlePresence(presence({ left: ['own@x'] }), 3000);
    picture.handlePresence(presence({ joined: ['own@x'] }), 4000);
    expect(told(picture)).toEqual(['+own@x']);
    picture.handleTimeout(presenceDoubtMs); // another process has it from us
    expect(told(picture)).toEqual(['+a@x']);
  });

  it('has a bound', () => {
    const picture = new PresencePicture(() => false, 2);
    picture.handleSession(true);
    picture.handlePresence(list('a@x'), 0);
    picture.handlePresence(presence({ joined: ['b@x', 'c@x'] }), 0);
    expect(told(picture)).toEqual(['+a@x', '+b@x']);
  });
});

it('for each name joined and left come in turn, all of them together are the names, and what a session says long enough is the truth', () => {
  for (const seed of seedsOf(process.env, 200)) withReplayHint(seed, command, () => check(seed));
});

function check(seed: number): void {
  const random = new SeededRandom(seed);
  const names = ['a', 'b', 'c', 'd', 'own'];
  const own = new Set(['own']);
  const picture = new PresencePicture((name) => own.has(name));
  const sum = new Set<string>();
  const some = (): string[] => names.filter(() => random.chance(0.5));
  let nowMs = 0;
  let said = new Set<string>();
  const begin = (isNew: boolean): void => {
    if (isNew) picture.handleSession(true);
    const listed = some();
    const cut = random.integer(listed.length + 1);
    picture.handlePresence(presence({ whole: true, more: true, joined: listed.slice(0, cut) }), nowMs);
    picture.handlePresence(presence({ joined: listed.slice(cut) }), nowMs);
    said = new Set(listed);
  };
  const change = (): void => {
    const joined = some().filter((name) => !said.has(name));
    const left = [...said].filter(() => random.chance(0.3));
    for (const name of left) said.delete(name);
    for (const name of joined) said.add(name);
    picture.handlePresence(presence({ joined, left }), nowMs);
  };
  const rename = (): void => {
    const name = random.pick(names);
    const isOwn = own.has(name);
    if (isOwn) own.delete(name);
    else own.add(name);
    picture.handleOwn({ add: isOwn ? [] : [name], remove: isOwn ? [name] : [] }, nowMs);
  };
  begin(true);
  for (let step = 0; step < 40; step++) {
    random.pick([() => begin(true), () => begin(false), change, change, rename])();
    nowMs += random.integer(6000);
    if ((picture.pollTimeout() ?? Number.POSITIVE_INFINITY) <= nowMs) picture.handleTimeout(nowMs);
    for (const { kind, name } of picture.takeChanges()) {
      expect(sum.has(name), `${kind} ${name}`).toBe(kind === 'node_left');
      if (kind === 'node_joined') sum.add(name);
      else sum.delete(name);
    }
    expect(picture.names).toEqual([...sum].sort());
    for (const name of own) expect(sum).not.toContain(name);
  }
  picture.handleTimeout(nowMs + presenceDoubtMs);
  expect(picture.names).toEqual([...said].filter((name) => !own.has(name)).sort());
}
