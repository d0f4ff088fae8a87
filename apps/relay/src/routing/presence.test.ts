import { presenceNamesMax } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { SimOwners, type SimSession, type SimSessionOptions } from '../testing/sim-owners.js';
import { SimWatchers } from '../testing/sim-watchers.js';

/** Relays with presence, fully meshed, and agents by name. */
class Scene {
  readonly mesh: SimOwners;
  readonly watchers: SimWatchers;

  constructor(relays: readonly string[] = ['A', 'B', 'C'], lines?: readonly (readonly [string, string])[]) {
    this.mesh = new SimOwners(1, relays);
    this.watchers = new SimWatchers(this.mesh);
    const all = relays.flatMap((b, index) => relays.slice(0, index).map((a) => [a, b] as const));
    for (const [a, b] of lines ?? all) this.mesh.peer(a, b);
    this.mesh.advance(1000);
  }

  join(relay: string, name: string, more: Partial<SimSessionOptions> = {}): SimSession {
    const identity = this.mesh.identity();
    return this.mesh.session(relay, { identity, names: [name], sessionSeq: 1, ...more });
  }

  /** The session's process at another relay. */
  again(relay: string, session: SimSession, more: Partial<SimSessionOptions> = {}): SimSession {
    const { identity, bootId, claim, sessionSeq } = session;
    const of = { identity, bootId, names: claim.names, sessionSeq: sessionSeq + 1, realm: claim.realm };
    return this.mesh.session(relay, { ...of, ...more });
  }

  nodes(relay: string, realm = 'r'): string[] {
    return this.watchers.presence(this.mesh.relay(relay)).nodes(realm, this.mesh.nowMs);
  }
}

const relays = ['A', 'B', 'C'];

describe('nodes of a realm', () => {
  it('are its names at all relays, in order, and no other realm', () => {
    const scene = new Scene();
    scene.join('A', 'c@x');
    scene.join('B', 'a@x');
    scene.join('B', 'b@x');
    scene.join('C', 'other@x', { realm: 'other' });
    scene.mesh.run();
    for (const relay of relays) {
      expect(scene.nodes(relay)).toEqual(['a@x', 'b@x', 'c@x']);
      expect(scene.nodes(relay, 'other')).toEqual(['other@x']);
      expect(scene.nodes(relay, 'no such realm')).toEqual([]);
    }
  });

  it('are without those that only stand by', () => {
    const scene = new Scene();
    scene.join('A', 'a@x', { isStandby: true });
    scene.mesh.run();
    for (const relay of relays) expect(scene.nodes(relay)).toEqual([]);
  });

  it('are counted by realm, with those who watch', () => {
    const scene = new Scene();
    scene.watchers.watch(scene.join('A', 'a@x'));
    scene.join('B', 'b@x');
    scene.join('B', 'o@x', { realm: 'other' });
    scene.mesh.run();
    expect(scene.watchers.presence(scene.mesh.relay('A')).counts(scene.mesh.nowMs)).toEqual([
      { realm: 'r', names: 2, watchers: 1 },
      { realm: 'other', names: 1, watchers: 0 },
    ]);
  });
});

describe('who watches', () => {
  it('gets the whole list, then what changes', () => {
    const scene = new Scene();
    const own = scene.join('A', 'a@x');
    const b = scene.join('B', 'b@x');
    scene.mesh.run();
    const watcher = scene.watchers.watch(own);
    scene.mesh.advance(500);
    expect(watcher.messages).toEqual([
      { kind: 'presence', whole: true, more: false, joined: ['a@x', 'b@x'], left: [] },
    ]);
    scene.join('C', 'c@x');
    scene.mesh.run();
    scene.mesh.advance(500);
    expect(watcher.changes).toEqual(['+c@x']);
    scene.mesh.end(b, 'goodbye');
    scene.mesh.run();
    scene.mesh.advance(5000);
    expect(watcher.changes).toEqual(['+c@x', '-b@x']);
  });

  it('gets the whole list again when it asks again', () => {
    const scene = new Scene();
    const own = scene.join('A', 'a@x');
    const watcher = scene.watchers.watch(own);
    scene.mesh.advance(500);
    scene.join('B', 'b@x');
    scene.mesh.advance(500);
    scene.watchers.watch(own);
    scene.mesh.advance(500);
    expect(watcher.messages.map(({ whole, joined }) => [whole, joined])).toEqual([
      [true, ['a@x']],
      [false, ['b@x']],
      [true, ['a@x', 'b@x']],
    ]);
  });

  it('gets an empty list of an empty realm', () => {
    const scene = new Scene();
    const watcher = scene.watchers.watch(scene.join('A', 'a@x', { names: [] }));
    scene.mesh.advance(500);
    expect(watcher.picture).toEqual(new Set());
  });

  it('learns nothing of other realms', () => {
    const scene = new Scene();
    const watcher = scene.watchers.watch(scene.join('A', 'a@x'));
    const other = scene.join('A', 'o@x', { realm: 'other' });
    scene.join('B', 'p@x', { realm: 'other' });
    scene.mesh.advance(1000);
    scene.mesh.end(other, 'goodbye');
    scene.mesh.advance(20_000);
    expect(watcher.messages.flatMap(({ joined, left }) => [...joined, ...left])).toEqual(['a@x']);
  });

  it('hears nothing more after it said so, when its session is over, and when that is superseded', () => {
    const scene = new Scene();
    const [tired, gone, former] = ['a@x', 'b@x', 'c@x'].map((name) => scene.join('A', name)) as [
      SimSession,
      SimSession,
      SimSession,
    ];
    const watchers = [tired, gone, former].map((session) => scene.watchers.watch(session));
    scene.mesh.advance(500);
    scene.watchers.unwatch(tired);
    scene.mesh.end(gone, 'lost');
    scene.again('A', former);
    scene.mesh.run();
    scene.join('B', 'd@x');
    scene.mesh.advance(30_000);
    for (const { changes } of watchers) expect(changes).toEqual([]);
    expect(scene.watchers.presence(scene.mesh.relay('A')).pollTimeout()).toBeUndefined();
  });

  it('gets a fresh whole list when it was slow to read, instead of all it has missed', () => {
    const scene = new Scene();
    const watcher = scene.watchers.watch(scene.join('A', 'a@x'));
    scene.mesh.advance(500);
    watcher.isReading = false;
    for (let round = 0; round < 50; round++) {
      scene.join('B', `n${round}@x`);
      scene.mesh.advance(250);
    }
    expect(watcher.unread).toBeLessThanOrEqual(4);
    expect(watcher.picture!.size).toBeLessThan(10);
    watcher.isReading = true;
    scene.mesh.advance(500);
    expect(watcher.messages.at(-1)).toMatchObject({ whole: true, more: false });
    expect(watcher.picture!.size).toBe(51);
  });

  it('gets a long list in parts, with what changes meanwhile, and in turn with others', () => {
    const scene = new Scene(['A']);
    const count = 40 * presenceNamesMax;
    const sessions: SimSession[] = [];
    for (let from = 0; from < count; from += 64) {
      const names = Array.from({ length: 64 }, (_, index) => `n${from + index}@x`);
      sessions.push(scene.join('A', names[0]!, { names }));
    }
    const early = scene.watchers.watch(sessions[0]!);
    scene.mesh.advance(5000);
    for (const session of [sessions[1]!, sessions.at(-1)!]) scene.mesh.end(session, 'goodbye');
    scene.mesh.advance(2500);
    const long = scene.watchers.watch(sessions[2]!);
    const short = scene.watchers.watch(scene.join('A', 'o@x', { realm: 'other' }));
    // Each step it reads what has come, at most four parts.
    scene.mesh.advance(250);
    expect(short.picture?.size).toBe(1);
    scene.join('A', 'late@x');
    scene.mesh.advance(1000);
    expect(long.picture).toBeUndefined();
    // What has left was in what it had been told already.
    expect(long.messages.flatMap(({ left }) => left)).toHaveLength(2 * 64);
    scene.mesh.advance(5000);
    for (const { picture } of [early, long]) expect(picture).toEqual(new Set(scene.nodes('A')));
    expect(long.picture!.has('late@x')).toBe(true);
    expect(long.picture!.size).toBe(count - 2 * 64 + 1);
  });

  it('gets what happens at once in one message, however many agents it happens to', () => {
    const scene = new Scene();
    const watcher = scene.watchers.watch(scene.join('A', 'a@x'));
    scene.mesh.advance(500);
    const { sent } = scene.watchers;
    for (let agent = 0; agent < 200; agent++) scene.join('B', `n${agent}@x`);
    scene.mesh.advance(1000);
    expect(watcher.changes).toHaveLength(200);
    expect(scene.watchers.sent - sent).toBeLessThanOrEqual(2);
  });
});

describe('a name', () => {
  /** What watchers at all relays hear of a@x, whose session is at A. */
  function whatIsHeard(
    happens: (scene: Scene, session: SimSession) => void,
    scene = new Scene(),
  ): string[][] {
    const session = scene.join('A', 'a@x');
    scene.mesh.advance(500);
    const watchers = relays.map((relay) => scene.watchers.watch(scene.join(relay, `w${relay}@x`)));
    scene.mesh.advance(1000);
    for (const watcher of watchers) watcher.changes.length = 0;
    happens(scene, session);
    scene.mesh.advance(60_000);
    return watchers.map(({ changes }) => changes);
  }
  const nothing = [[], [], []];
  const left = [['-a@x'], ['-a@x'], ['-a@x']];

  it('has left 3 s after GOODBYE, or after it was withdrawn, and not before', () => {
    expect(whatIsHeard((scene, session) => scene.mesh.end(session, 'goodbye'))).toEqual(left);
    expect(
      whatIsHeard((scene, session) => scene.mesh.changeNames(session, { add: [], remove: ['a@x'] })),
    ).toEqual(left);
    const scene = new Scene();
    const watcher = scene.watchers.watch(scene.join('B', 'w@x'));
    scene.mesh.advance(500);
    const session = scene.join('A', 'a@x');
    scene.mesh.advance(500);
    scene.mesh.end(session, 'goodbye');
    scene.mesh.advance(2750);
    expect(watcher.changes).toEqual(['+a@x']);
    scene.mesh.advance(750);
    expect(watcher.changes).toEqual(['+a@x', '-a@x']);
  });

  it('is there until its reservation is over when its session is lost', () => {
    const scene = new Scene();
    const watchers = relays.map((relay) => scene.watchers.watch(scene.join(relay, `w${relay}@x`)));
    const session = scene.join('A', 'a@x');
    scene.mesh.advance(1000);
    scene.mesh.end(session, 'lost');
    scene.mesh.advance(14_000);
    for (const relay of relays) expect(scene.nodes(relay)).toContain('a@x');
    for (const { changes } of watchers) expect(changes).not.toContain('-a@x');
    scene.mesh.advance(6000);
    for (const relay of relays) expect(scene.nodes(relay)).not.toContain('a@x');
    for (const { changes } of watchers) expect(changes).toContain('-a@x');
  });

  it('has left when its session is silent, and joins again when that speaks', () => {
    const heard = whatIsHeard((scene, session) => {
      session.isAnswering = false;
      scene.mesh.advance(25_000);
      session.isAnswering = true;
    });
    expect(heard).toEqual([
      ['-a@x', '+a@x'],
      ['-a@x', '+a@x'],
      ['-a@x', '+a@x'],
    ]);
  });

  it('does not leave when another session of its process has it, at the same relay or another', () => {
    expect(whatIsHeard((scene, session) => void scene.again('A', session))).toEqual(nothing);
    expect(whatIsHeard((scene, session) => void scene.again('B', session))).toEqual(nothing);
  });

  it('does not leave when another process of its identity has it', () => {
    const restarted = (relay: string) => (scene: Scene, session: SimSession) => {
      scene.mesh.end(session, 'lost');
      scene.mesh.advance(10_000);
      scene.again(relay, session, { bootId: scene.mesh.random.bytes(16) });
    };
    expect(whatIsHeard(restarted('A'))).toEqual(nothing);
    expect(whatIsHeard(restarted('C'))).toEqual(nothing);
  });

  it('does not leave when it is withdrawn first and claimed elsewhere a moment later', () => {
    const moved = (scene: Scene, session: SimSession): void => {
      scene.mesh.changeNames(session, { add: [], remove: ['a@x'] });
      scene.mesh.advance(2500);
      scene.again('B', session, { names: ['a@x'] });
    };
    expect(whatIsHeard(moved)).toEqual(nothing);
  });

  it('does not leave when a session that stood by takes the place, also where relays hear of it in another order', () => {
    const promoted = (scene: Scene, session: SimSession): void => {
      const standby = scene.again('B', session, { isStandby: true });
      scene.mesh.advance(1000);
      scene.mesh.promote(standby, session.sessionSeq + 2);
      scene.mesh.changeNames(session, { add: [], remove: ['a@x'] });
    };
    expect(whatIsHeard(promoted)).toEqual(nothing);
    const line = new Scene(relays, [
      ['A', 'B'],
      ['A', 'C'],
    ]);
    expect(whatIsHeard(promoted, line)).toEqual(nothing);
  });

  it('does not leave when a thousand agents go to another relay at once, and those are withdrawn first that are claimed last', () => {
    const scene = new Scene();
    const watcher = scene.watchers.watch(scene.join('C', 'w@x'));
    const sessions = Array.from({ length: 1000 }, (_, index) => scene.join('A', `n${index}@x`));
    const standbys = sessions.map((session) => scene.again('B', session, { isStandby: true }));
    scene.mesh.advance(5000);
    expect(watcher.picture!.size).toBe(1001);
    watcher.changes.length = 0;
    const { sent } = scene.watchers;
    for (const session of sessions) scene.mesh.changeNames(session, { add: [], remove: session.claim.names });
    for (const [index, standby] of [...standbys.entries()].reverse())
      scene.mesh.promote(standby, sessions[index]!.sessionSeq + 2);
    scene.mesh.advance(20_000);
    expect(watcher.changes).toEqual([]);
    expect(scene.watchers.sent).toBe(sent);
    expect(scene.nodes('C')).toHaveLength(1001);
  });

  it('joins when a session that stood by becomes the primary one after nobody had it for long', () => {
    const heard = whatIsHeard((scene, session) => {
      const standby = scene.again('B', session, { isStandby: true });
      scene.mesh.advance(1000);
      scene.mesh.end(session, 'lost');
      scene.mesh.advance(25_000);
      scene.mesh.promote(standby, session.sessionSeq + 2);
    });
    expect(heard).toEqual([
      ['-a@x', '+a@x'],
      ['-a@x', '+a@x'],
      ['-a@x', '+a@x'],
    ]);
  });

  it('does not leave when its relay dies and its agent is back at another one before that counts as dead', () => {
    const heard = whatIsHeard((scene, session) => {
      scene.mesh.restart('A');
      scene.mesh.advance(10_000);
      scene.again('B', session);
    });
    expect(heard.slice(1)).toEqual([['-wA@x'], ['-wA@x']]);
  });

  it('has left when its relay is dead and nobody has it elsewhere, and joins when it is back after all', () => {
    const scene = new Scene(['A', 'B', 'C'], [['B', 'C']]);
    const line = scene.mesh.peer('A', 'B');
    const session = scene.join('A', 'a@x');
    scene.mesh.advance(1000);
    const watcher = scene.watchers.watch(scene.join('C', 'w@x'));
    scene.mesh.advance(1000);
    line.cut();
    scene.mesh.advance(14_000);
    expect(watcher.changes).toEqual([]);
    scene.mesh.advance(10_000);
    expect(watcher.changes).toEqual(['-a@x']);
    scene.mesh.peer('A', 'B');
    scene.mesh.advance(10_000);
    expect(watcher.changes).toEqual(['-a@x', '+a@x']);
    expect(session.state).toBe('up');
  });
});
