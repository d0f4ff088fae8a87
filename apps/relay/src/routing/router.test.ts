import { codeSentence, type Open } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { Router } from './router.js';
import type { AgentSession, RouterOutput } from './types.js';

const bytes = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill);

function makeRouter(): Router {
  return new Router({ identity: bytes(100) });
}

function drain(router: Router): RouterOutput[] {
  const outputs: RouterOutput[] = [];
  for (let output = router.pollOutput(); output !== undefined; output = router.pollOutput())
    outputs.push(output);
  return outputs;
}

function agent(link: number, names: readonly string[], more: Partial<AgentSession> = {}): AgentSession {
  const identity = bytes(link);
  const tag = bytes(link, 16);
  return { link, realm: 'r', identity, bootId: bytes(1, 16), sessionSeq: 1, names, tag, ...more };
}

let path = 0;
function open(to: string, more: Partial<Open> = {}): Open {
  path++;
  const pathId = bytes(0, 16);
  new DataView(pathId.buffer).setUint32(0, path);
  const fields = { realm: 'r', from: 'me@x', to, visited: [], hopsLeft: 2, offer: bytes(7, 3), exclude: [] };
  return { kind: 'open', pathId, ...fields, ...more };
}

describe('names', () => {
  it('belong to the first identity; another is refused with name_taken while the owner lives', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x', 'a@x']), 0);
    expect(drain(router)).toMatchObject([
      { kind: 'admitted', link: 1 },
      { kind: 'refused', link: 2, code: 'name_taken' },
    ]);
    router.handleAgentUp(agent(3, ['b@x']), 0);
    expect(drain(router)).toMatchObject([{ kind: 'admitted', link: 3 }]);
    router.handleLinkDown(1, 0, 'goodbye');
    router.handleAgentUp(agent(4, ['a@x']), 0);
    expect(drain(router)).toMatchObject([{ kind: 'admitted', link: 4 }]);
  });

  it('of a lost session are kept for its identity until 15 s after its last sign of life', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x', 'b@x'], { identity }), 0);
    router.handleAlive(1, 4000);
    router.handleLinkDown(1, 10_000);
    router.handleAgentUp(agent(2, ['a@x']), 18_999);
    router.handleAgentUp(agent(3, ['a@x'], { identity }), 18_999);
    router.handleAgentUp(agent(4, ['b@x']), 19_000);
    expect(drain(router)).toMatchObject([
      { kind: 'admitted', link: 1 },
      { kind: 'refused', link: 2, code: 'name_taken' },
      { kind: 'admitted', link: 3 },
      { kind: 'admitted', link: 4 },
    ]);
    router.handleLinkDown(3, 20_000, 'goodbye');
    router.handleAgentUp(agent(5, ['a@x']), 20_000);
    expect(drain(router)).toMatchObject([{ kind: 'admitted', link: 5 }]);
  });

  it('go to the newer session of the same identity, the older one is replaced', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x', 'b@x'], { identity, bootId: bytes(9, 16), sessionSeq: 5 }), 0);
    router.handleAgentUp(agent(2, ['a@x'], { identity, sessionSeq: 6 }), 0);
    router.handleAgentUp(agent(3, ['a@x'], { identity, sessionSeq: 5 }), 0);
    expect(drain(router)).toMatchObject([
      { kind: 'admitted', link: 1 },
      { kind: 'admitted', link: 2 },
      { kind: 'evicted', link: 1, code: 'replaced' },
      { kind: 'refused', link: 3, code: 'replaced' },
    ]);
    expect(router.namesOf(1)).toEqual([]);
    expect(router.counts.sessions).toBe(1);
  });

  it('go to a restarted agent with the same number and another boot id', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x'], { identity }), 0);
    router.handleAgentUp(agent(2, ['a@x'], { identity, bootId: bytes(2, 16) }), 0);
    expect(drain(router)).toMatchObject([
      { link: 1 },
      { kind: 'admitted', link: 2 },
      { kind: 'evicted', link: 1 },
    ]);
  });

  it('go to the newer session of the same process at once, the older one stays without them', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x', 'b@x'], { identity, sessionSeq: 5 }), 0);
    router.handleAgentUp(agent(2, ['a@x'], { identity, sessionSeq: 6 }), 0);
    router.handleAgentUp(agent(3, ['c@x']), 0);
    expect(drain(router)).toEqual([
      { kind: 'admitted', link: 1 },
      { kind: 'admitted', link: 2 },
      { kind: 'superseded', link: 1 },
      { kind: 'probe', link: 1 },
      { kind: 'admitted', link: 3 },
    ]);
    expect([router.namesOf(1), router.namesOf(2)]).toEqual([[], ['a@x']]);
    expect(router.counts).toMatchObject({ sessions: 2, superseded: 1 });
    router.handleOpen({ open: 1, link: 3, message: open('a@x', { from: 'c@x' }) }, 0);
    router.handleOpen({ open: 2, link: 1, message: open('c@x', { from: 'a@x' }) }, 0);
    expect(drain(router)).toMatchObject([
      { kind: 'forward', link: 2 },
      { kind: 'forward', link: 3 },
    ]);
  });

  it('stay when a superseded session ends, or says anything about names', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x'], { identity, sessionSeq: 1 }), 0);
    router.handleAgentUp(agent(2, ['a@x'], { identity, sessionSeq: 2 }), 0);
    drain(router);
    router.handleNames(1, { request: 4, add: ['a@x', 'b@x'], remove: ['a@x'] }, 0);
    expect(drain(router)).toEqual([{ kind: 'names_done', link: 1, request: 4, taken: [] }]);
    expect([router.namesOf(1), router.namesOf(2)]).toEqual([[], ['a@x']]);
    router.handleLinkDown(1, 0);
    expect(router.namesOf(2)).toEqual(['a@x']);
    expect(router.counts).toMatchObject({ sessions: 1, superseded: 0 });
  });

  it('leave at most two superseded sessions of a process behind; the oldest is replaced', () => {
    const router = makeRouter();
    const identity = bytes(50);
    for (const link of [1, 2, 3])
      router.handleAgentUp(agent(link, ['a@x'], { identity, sessionSeq: link }), 0);
    drain(router);
    router.handleAgentUp(agent(4, ['a@x'], { identity, sessionSeq: 4 }), 0);
    expect(drain(router).filter(({ kind }) => kind !== 'probe')).toMatchObject([
      { kind: 'admitted', link: 4 },
      { kind: 'superseded', link: 3 },
      { kind: 'evicted', link: 1, code: 'replaced' },
    ]);
    expect(router.counts).toMatchObject({ sessions: 1, superseded: 2 });
  });

  it('end the superseded sessions when their agent says that they are over, or starts anew', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x'], { identity, sessionSeq: 1 }), 0);
    router.handleAgentUp(agent(2, ['a@x'], { identity, sessionSeq: 2 }), 0);
    drain(router);
    router.handleFormerGone(1, 0); // it is the former one
    expect(drain(router)).toEqual([]);
    router.handleFormerGone(2, 0);
    expect(drain(router)).toMatchObject([{ kind: 'evicted', link: 1, code: 'replaced' }]);
    router.handleAgentUp(agent(3, ['a@x'], { identity, sessionSeq: 3 }), 0);
    drain(router);
    router.handleAgentUp(agent(4, ['a@x'], { identity, sessionSeq: 4, bootId: bytes(2, 16) }), 0);
    expect(drain(router)).toMatchObject([
      { kind: 'admitted', link: 4 },
      { kind: 'evicted', link: 3 },
      { kind: 'evicted', link: 2 },
    ]);
    expect(router.counts).toMatchObject({ sessions: 1, superseded: 0 });
  });

  it('are free 15 s after the last sign of life', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAlive(1, 1000);
    router.handleAgentUp(agent(2, ['a@x']), 15_999);
    router.handleAgentUp(agent(3, ['a@x']), 16_000);
    expect(drain(router)).toMatchObject([
      { kind: 'admitted', link: 1 },
      { kind: 'refused', link: 2 },
      { kind: 'admitted', link: 3 },
      { kind: 'evicted', link: 1, code: 'name_taken' },
    ]);
  });

  it('are separate per realm', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['a@x'], { realm: 's' }), 0);
    expect(drain(router)).toMatchObject([{ kind: 'admitted' }, { kind: 'admitted' }]);
  });

  it('are added and withdrawn by NAMES; the answer lists what is taken', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x']), 0);
    drain(router);
    router.handleNames(2, { request: 9, add: ['a@x', 'c@x'], remove: ['b@x', 'a@x'] }, 0);
    expect(drain(router)).toEqual([{ kind: 'names_done', link: 2, request: 9, taken: ['a@x'] }]);
    expect(router.namesOf(2)).toEqual(['c@x']);
    expect(router.namesOf(1)).toEqual(['a@x']);
  });

  it('are at most 64 per session', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    drain(router);
    const add = Array.from({ length: 64 }, (_, index) => `n${index}@x`);
    router.handleNames(1, { request: 1, add, remove: [] }, 0);
    expect(drain(router)).toMatchObject([{ kind: 'evicted', link: 1, code: 'protocol_error' }]);
  });
});

describe('an OPEN of an agent', () => {
  it('goes to the local session without the way it came', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x']), 0);
    router.handlePeerUp({ link: 3, identity: bytes(9), dialled: true }, 0);
    drain(router);
    const message = open('b@x', { visited: [bytes(3)] });
    router.handleOpen({ open: 1, link: 1, message }, 0);
    const [forward, ...others] = drain(router);
    expect(forward).toMatchObject({ kind: 'forward', link: 2, message: { visited: [], hopsLeft: 0 } });
    expect(others).toEqual([]);
    router.handleOpenOk(1, { answer: bytes(8, 4) }, 0);
    const via = bytes(2, 16);
    expect(drain(router)).toEqual([{ kind: 'accept', open: 1, leg: 1, answer: bytes(8, 4), via }]);
    expect(router.counts).toMatchObject({ opens: 0, legs: 0 });
    expect(router.pollTimeout()).toBeUndefined();
  });

  it('is not_found for another realm, and name_taken for a name of somebody else', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x']), 0);
    drain(router);
    router.handleOpen({ open: 1, link: 1, message: open('b@x', { realm: 's' }) }, 0);
    router.handleOpen({ open: 2, link: 1, message: open('b@x', { from: 'b@x' }) }, 0);
    router.handleOpen({ open: 3, link: 1, message: open('nobody@x') }, 0);
    const text = codeSentence('not_found');
    expect(drain(router)).toEqual([
      { kind: 'fail', open: 1, code: 'not_found', text },
      { kind: 'fail', open: 2, code: 'name_taken', text: codeSentence('name_taken') },
      { kind: 'fail', open: 3, code: 'not_found', text },
    ]);
  });

  it("looks for another realm's name as for an unknown one: the same outputs, in the same order", () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x'], { realm: 's' }), 0);
    router.handlePeerUp({ link: 3, identity: bytes(9), dialled: true }, 0);
    router.handlePeerUp({ link: 4, identity: bytes(200), dialled: true }, 0);
    drain(router);
    let openId = 0;
    const outputsOf = (message: Open) => {
      openId++;
      router.handleOpen({ open: openId, link: 1, message }, 0);
      const outputs = drain(router);
      const legs = outputs.flatMap((output) => (output.kind === 'forward' ? [output.leg] : []));
      for (const leg of legs) router.handleLegFailed(leg, { code: 'not_here', text: '' }, 0);
      // What names the attempt, or is taken from the OPEN, differs from one OPEN to the next.
      return [...outputs, ...drain(router)].map((output) =>
        output.kind === 'forward'
          ? { ...output, leg: 0, message: { ...output.message, pathId: 0, to: 0 } }
          : { ...output, open: 0 },
      );
    };
    const unknown = outputsOf(open('nobody@x'));
    expect(unknown.map(({ kind }) => kind)).toEqual(['forward', 'forward', 'fail']);
    expect(outputsOf(open('b@x'))).toEqual(unknown);
    expect(outputsOf(open('b@x', { realm: 's' }))).toEqual(unknown);
    expect(outputsOf(open('a@x', { realm: 's' }))).toEqual(unknown);
    expect(outputsOf(open('b@x', { realm: 'no such realm' }))).toEqual(unknown);
  });

  it('asks all peers at once, whatever an agent names as visited, names them so, and uses one of two links to the same relay', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    // Own identity is 100…: towards 9… the link that the other dialled is chosen, towards 200… our own.
    router.handlePeerUp({ link: 2, identity: bytes(9), dialled: true }, 0);
    router.handlePeerUp({ link: 3, identity: bytes(9), dialled: false }, 0);
    router.handlePeerUp({ link: 4, identity: bytes(200), dialled: true }, 0);
    router.handlePeerUp({ link: 5, identity: bytes(200), dialled: false }, 0);
    drain(router);
    router.handleOpen({ open: 1, link: 1, message: open('z@x', { hopsLeft: 200, visited: [bytes(9)] }) }, 0);
    const forwards = drain(router);
    expect(forwards.map((output) => 'link' in output && output.link)).toEqual([3, 4]);
    const visited = [bytes(100), bytes(9), bytes(200)];
    for (const forward of forwards) expect(forward).toMatchObject({ message: { visited, hopsLeft: 1 } });
    router.handleLinkDown(3, 1);
    router.handleOpen({ open: 2, link: 1, message: open('z@x') }, 1);
    expect(drain(router).map((output) => 'link' in output && output.link)).toEqual([2, 4]);
  });

  it('resets the losers when one leg wins, and ignores their late answers', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    for (const link of [2, 3, 4]) router.handlePeerUp({ link, identity: bytes(link), dialled: true }, 0);
    router.handleOpen({ open: 1, link: 1, message: open('z@x') }, 0);
    drain(router);
    router.handleOpenOk(2, { answer: bytes(0, 0) }, 0);
    router.handleOpenOk(3, { answer: bytes(0, 0) }, 0);
    router.handleLegFailed(1, { code: 'not_here', text: '' }, 0);
    expect(drain(router)).toEqual([
      { kind: 'cancel', leg: 1, code: 'ok' },
      { kind: 'cancel', leg: 3, code: 'ok' },
      { kind: 'accept', open: 1, leg: 2, answer: bytes(0, 0) },
    ]);
  });

  it('cancels its legs when the opener goes away', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handlePeerUp({ link: 2, identity: bytes(2), dialled: true }, 0);
    router.handleOpen({ open: 1, link: 1, message: open('z@x') }, 0);
    drain(router);
    router.handleOpenerGone(1, 'shutdown');
    expect(drain(router)).toEqual([{ kind: 'cancel', leg: 1, code: 'shutdown' }]);
    router.handleOpen({ open: 2, link: 1, message: open('z@x') }, 0);
    drain(router);
    router.handleLinkDown(1, 0);
    expect(drain(router)).toEqual([{ kind: 'cancel', leg: 2, code: 'relay_lost' }]);
    expect(router.counts).toMatchObject({ opens: 0, legs: 0 });
  });

  it('moves on to the newer session when the owner is replaced in between', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x'], { identity }), 0);
    router.handleOpen({ open: 1, link: 1, message: open('b@x') }, 0);
    drain(router);
    const bootId = bytes(2, 16);
    router.handleAgentUp(agent(3, ['b@x'], { identity, bootId, sessionSeq: 2 }), 0);
    expect(drain(router)).toMatchObject([
      { kind: 'admitted', link: 3 },
      { kind: 'evicted', link: 2 },
      { kind: 'forward', link: 3 },
    ]);
  });

  it('stays with a session that is superseded in between as long as that one answers PING', () => {
    const router = makeRouter();
    const identity = bytes(50);
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x'], { identity }), 0);
    router.handleOpen({ open: 1, link: 1, message: open('b@x') }, 0);
    router.handleOpen({ open: 2, link: 1, message: open('b@x') }, 0);
    drain(router);
    router.handleAgentUp(agent(3, ['b@x'], { identity, sessionSeq: 2 }), 100);
    router.handleOpenOk(1, { answer: bytes(8, 4) }, 0);
    expect(drain(router)).toMatchObject([
      { kind: 'admitted', link: 3 },
      { kind: 'superseded', link: 2 },
      { kind: 'probe', link: 2 },
      { kind: 'accept', open: 1, leg: 1 },
    ]);
    router.handleTimeout(600);
    expect(drain(router)).toMatchObject([
      { kind: 'cancel', leg: 2 },
      { kind: 'forward', link: 3 },
    ]);
    router.handleOpen({ open: 3, link: 1, message: open('b@x') }, 700);
    router.handleAgentUp(agent(4, ['b@x'], { identity, sessionSeq: 3 }), 700);
    router.handleAlive(3, 750);
    drain(router);
    router.handleTimeout(1200);
    expect(drain(router)).toEqual([]);
  });

  it('pings a session that was silent, gives it 500 ms, then asks the peers', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handleAgentUp(agent(2, ['b@x']), 0);
    router.handlePeerUp({ link: 3, identity: bytes(3), dialled: true }, 0);
    drain(router);
    router.handleOpen({ open: 1, link: 1, message: open('b@x') }, 2001);
    expect(drain(router)).toMatchObject([
      { kind: 'forward', link: 2 },
      { kind: 'probe', link: 2 },
    ]);
    expect(router.pollTimeout()).toEqual({ atMs: 2501, why: 'probe' });
    router.handleTimeout(2501);
    expect(drain(router)).toMatchObject([
      { kind: 'cancel', leg: 1 },
      { kind: 'forward', link: 3 },
      { kind: 'probe', link: 3 },
    ]);
    router.handleOpen({ open: 2, link: 1, message: open('b@x') }, 3000);
    drain(router);
    router.handleAlive(2, 3100);
    router.handleTimeout(3500);
    expect(drain(router)).toEqual([]);
  });
});

it('uses the other one of two links to the same relay while the chosen one does not answer', () => {
  const router = makeRouter();
  router.handleAgentUp(agent(1, ['a@x']), 0);
  router.handlePeerUp({ link: 2, identity: bytes(9), dialled: true }, 0);
  router.handlePeerUp({ link: 3, identity: bytes(9), dialled: false }, 0);
  drain(router);
  const forwarded = (nowMs: number) => {
    router.handleTimeout(nowMs);
    return drain(router).flatMap((output) => (output.kind === 'forward' ? [output.link] : []));
  };
  router.handleOpen({ open: 1, link: 1, message: open('z@x', { hints: [bytes(9)] }) }, 500);
  expect(forwarded(500)).toEqual([3]);
  expect(forwarded(1500)).toEqual([2]);
  router.handleAlive(3, 1600);
  expect([2, 3].filter((link) => router.isChosenPeer(link))).toEqual([3]);
});

describe('an OPEN of a peer', () => {
  it('that can not go on is not_here, or hop_limit when there would be somebody to ask', () => {
    const router = makeRouter();
    router.handlePeerUp({ link: 1, identity: bytes(1), dialled: true }, 0);
    router.handleOpen({ open: 1, link: 1, message: open('z@x') }, 0);
    router.handlePeerUp({ link: 2, identity: bytes(2), dialled: true }, 0);
    router.handleOpen({ open: 2, link: 1, message: open('z@x', { hopsLeft: 0 }) }, 0);
    router.handleOpen({ open: 3, link: 1, message: open('z@x', { hopsLeft: 1, visited: [bytes(2)] }) }, 0);
    expect(drain(router)).toMatchObject([
      { kind: 'fail', open: 1, code: 'not_here' },
      { kind: 'fail', open: 2, code: 'hop_limit' },
      { kind: 'fail', open: 3, code: 'not_here' },
    ]);
  });

  it('that arrives twice is answered once', () => {
    const router = makeRouter();
    router.handleAgentUp(agent(1, ['a@x']), 0);
    router.handlePeerUp({ link: 2, identity: bytes(2), dialled: true }, 0);
    router.handlePeerUp({ link: 3, identity: bytes(3), dialled: true }, 0);
    drain(router);
    const message = open('a@x');
    router.handleOpen({ open: 1, link: 2, message }, 0);
    router.handleOpen({ open: 2, link: 3, message }, 0);
    expect(drain(router)).toMatchObject([
      { kind: 'forward', link: 1 },
      { kind: 'fail', open: 2, code: 'not_here' },
    ]);
  });
});
