import { codeSentence, type Open } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { Router } from './router.js';
import type { AgentSession, RouterOutput } from './types.js';

const bytes = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill);

function drain(router: Router): RouterOutput[] {
  const outputs: RouterOutput[] = [];
  for (let output = router.pollOutput(); output !== undefined; output = router.pollOutput())
    outputs.push(output);
  return outputs;
}

function agent(link: number, names: readonly string[], more: Partial<AgentSession> = {}): AgentSession {
  const [identity, tag] = [bytes(link), bytes(link, 16)];
  return { link, realm: 'r', identity, bootId: bytes(1, 16), sessionSeq: 1, names, tag, ...more };
}

let path = 0;
function open(to: string, more: Partial<Open> = {}): Open {
  const pathId = bytes(++path, 16);
  const fields = { realm: 'r', from: 'me@x', to, visited: [], hopsLeft: 2, offer: bytes(7, 3), exclude: [] };
  return { kind: 'open', pathId, ...fields, ...more };
}

describe('sessions told apart by tags', () => {
  /** Session 1 opens, session 2 has the name, 3 is a peer. */
  function squatted(): Router {
    const router = new Router({ identity: bytes(100) });
    router.handleAgentUp(agent(1, ['me@x']), 0);
    router.handleAgentUp(agent(2, ['b@x']), 0);
    router.handlePeerUp({ link: 3, identity: bytes(3), dialled: true }, 0);
    drain(router);
    return router;
  }

  it('skips an excluded session and asks the peers, which hear of the exclusion; a node does not', () => {
    const router = squatted();
    const exclude = [bytes(9, 16), bytes(2, 16)];
    router.handleOpen({ open: 1, link: 1, message: open('b@x', { exclude }) }, 0);
    expect(drain(router)).toMatchObject([{ kind: 'forward', link: 3, message: { exclude } }]);
    router.handleOpen({ open: 2, link: 1, message: open('b@x', { exclude: [bytes(9, 16)] }) }, 0);
    expect(drain(router)).toMatchObject([{ kind: 'forward', link: 2, message: { exclude: [] } }]);
  });

  it('skips an excluded session also for a peer, and is not_here when nobody else has the name', () => {
    const router = squatted();
    router.handleOpen({ open: 1, link: 3, message: open('b@x', { exclude: [bytes(2, 16)] }) }, 0);
    expect(drain(router)).toMatchObject([{ kind: 'fail', open: 1, code: 'not_here' }]);
  });

  it('asks the session that replaced an excluded one, but never goes back to it', () => {
    const router = squatted();
    const more = { identity: bytes(2), sessionSeq: 2 };
    router.handleAgentUp(agent(4, ['b@x'], more), 0);
    drain(router);
    router.handleOpen({ open: 1, link: 1, message: open('b@x', { exclude: [bytes(2, 16)] }) }, 0);
    expect(drain(router)).toMatchObject([{ kind: 'forward', link: 4 }]);
    // The owner is gone, and the next owner is excluded: on to the peers.
    router.handleAgentUp(agent(5, ['b@x'], { ...more, sessionSeq: 3, tag: bytes(2, 16) }), 0);
    drain(router);
    router.handleLegFailed(1, { code: 'not_here', text: '' }, 0);
    expect(drain(router)).toMatchObject([{ kind: 'forward', link: 3 }]);
  });

  it('says which session answered: its own tag whatever the node says, what a peer says otherwise', () => {
    const router = squatted();
    router.handleOpen({ open: 1, link: 1, message: open('b@x') }, 0);
    router.handleOpen({ open: 2, link: 1, message: open('z@x') }, 0);
    router.handleOpenOk(1, { answer: bytes(0, 0), via: bytes(66, 16) }, 0);
    router.handleOpenOk(2, { answer: bytes(0, 0), via: bytes(77, 16) }, 0);
    expect(drain(router).filter(({ kind }) => kind === 'accept')).toMatchObject([
      { open: 1, via: bytes(2, 16) },
      { open: 2, via: bytes(77, 16) },
    ]);
  });

  it('says which session refused, or was silent until the deadline; none when the mesh does not know the name', () => {
    const router = squatted();
    const said = { code: 'refused', text: 'no', via: bytes(66, 16) } as const;
    router.handleOpen({ open: 1, link: 1, message: open('b@x') }, 0);
    router.handleLegFailed(1, said, 0);
    router.handleOpen({ open: 2, link: 1, message: open('z@x') }, 0);
    router.handleLegFailed(2, said, 0);
    router.handleOpen({ open: 3, link: 1, message: open('z@x') }, 0);
    router.handleLegFailed(3, { ...said, code: 'not_here' }, 0);
    expect(drain(router).filter(({ kind }) => kind === 'fail')).toEqual([
      { kind: 'fail', open: 1, code: 'refused', text: 'no', via: bytes(2, 16) },
      { kind: 'fail', open: 2, code: 'refused', text: 'no', via: bytes(66, 16) },
      { kind: 'fail', open: 3, code: 'not_found', text: codeSentence('not_found') },
    ]);
    router.handleOpen({ open: 4, link: 1, message: open('b@x') }, 0);
    router.handleOpen({ open: 5, link: 1, message: open('z@x') }, 0);
    router.handleTimeout(10_000);
    const text = codeSentence('timeout');
    expect(drain(router).filter(({ kind }) => kind === 'fail')).toEqual([
      { kind: 'fail', open: 4, code: 'timeout', text, via: bytes(2, 16) },
      { kind: 'fail', open: 5, code: 'timeout', text },
    ]);
  });

  it('says who opens: the identity that the session has proven, whatever the agent says; what a peer says', () => {
    const router = squatted();
    const source = bytes(66);
    router.handleOpen({ open: 1, link: 1, message: open('b@x', { source }) }, 0);
    router.handleOpen({ open: 2, link: 3, message: open('b@x', { source }) }, 0);
    router.handleOpen({ open: 3, link: 1, message: open('z@x') }, 0);
    expect(drain(router)).toMatchObject([
      { kind: 'forward', link: 2, message: { source: bytes(1) } },
      { kind: 'forward', link: 2, message: { source } },
      { kind: 'forward', link: 3, message: { source: bytes(1) } },
    ]);
  });
});
