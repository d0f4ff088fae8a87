import type { Open } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { standbyTurnMs } from '../limits.js';
import { SimOwners, type SimSession } from '../testing/sim-owners.js';
import type { RouterOutput } from './types.js';

let path = 0;

/** `b@x` has its primary session at A and stands by at B; an OPEN for it comes to B, from relay C or from an agent of B's own. */
class Asked {
  readonly mesh = new SimOwners(1, ['A', 'B', 'C']);
  readonly primary: SimSession;
  readonly standby: SimSession;
  readonly #opener: SimSession;

  constructor() {
    for (const [a, b] of ['AB', 'AC', 'BC'] as const) this.mesh.peer(a!, b!);
    this.mesh.run();
    const of = { identity: this.mesh.identity(), bootId: this.mesh.random.bytes(16), names: ['b@x'] };
    this.primary = this.mesh.session('A', { ...of, sessionSeq: 1 });
    this.mesh.run();
    this.standby = this.mesh.session('B', { ...of, sessionSeq: 2, isStandby: true });
    this.#opener = this.mesh.session('B', {
      identity: this.mesh.identity(),
      names: ['a@x'],
      sessionSeq: 1,
    });
    this.mesh.advance(250);
  }

  open(from: 'C' | 'agent', more: Partial<Open> = {}): RouterOutput[] {
    const relay = this.mesh.relay('B');
    const link =
      from === 'agent'
        ? this.#opener.link
        : [...relay.ends].find(([, end]) => 'peer' in end && end.peer.name === 'C')![0];
    const fields = { realm: 'r', from: 'a@x', to: 'b@x', visited: [], hopsLeft: 2, exclude: [] };
    const pathId = new Uint8Array(16).fill(++path);
    const message: Open = { kind: 'open', pathId, offer: new Uint8Array(3), ...fields, ...more };
    relay.router.handleOpen({ open: path, link, message }, this.mesh.nowMs);
    return this.outputs();
  }

  /** Of B's router after so long. */
  after(ms: number): RouterOutput[] {
    this.mesh.nowMs += ms;
    this.mesh.relay('B').router.handleTimeout(this.mesh.nowMs);
    return this.outputs();
  }

  outputs(): RouterOutput[] {
    const { router } = this.mesh.relay('B');
    const outputs: RouterOutput[] = [];
    for (let output = router.pollOutput(); output !== undefined; output = router.pollOutput())
      if (output.kind !== 'send') outputs.push(output);
    return outputs;
  }
}

it('a session that is superseded does not become the primary one, and ends so that its agent makes another', () => {
  const { mesh, standby } = new Asked();
  const { identity, bootId } = standby;
  mesh.session('B', { identity, bootId, names: ['b@x'], sessionSeq: 3 });
  expect(standby.isSuperseded).toBe(true);
  mesh.promote(standby, 4);
  expect(standby.code).toBe('superseded');
});

describe('an OPEN for a name whose session here stands by', () => {
  it('goes to it at once from an agent here: there is no shorter way', () => {
    const asked = new Asked();
    expect(asked.open('agent')).toMatchObject([{ kind: 'forward', link: asked.standby.link }]);
  });

  it('from a relay is left to the owner, which that relay asks as well, and goes to it when that takes too long', () => {
    const asked = new Asked();
    expect(asked.open('C')).toEqual([]);
    expect(asked.mesh.relay('B').router.pollTimeout()).toEqual({
      atMs: asked.mesh.nowMs + standbyTurnMs,
      why: 'standby',
    });
    expect(asked.after(standbyTurnMs - 1)).toEqual([]);
    expect(asked.after(1)).toMatchObject([{ kind: 'forward', link: asked.standby.link }]);
  });

  it('is forgotten with its opener before it is its turn', () => {
    const asked = new Asked();
    asked.open('C');
    asked.mesh.relay('B').router.handleOpenerGone(path, 'ok');
    expect(asked.after(standbyTurnMs)).toEqual([]);
    expect(asked.mesh.relay('B').router.counts.opens).toBe(0);
  });

  it('goes to it at once when the other node has named this relay, which the node itself is not told', () => {
    const asked = new Asked();
    const [relayA, relayB] = ['A', 'B'].map((name) => asked.mesh.relay(name).identity.publicKey);
    expect(asked.open('C', { hints: [relayA!] })).toEqual([]);
    const [output] = asked.open('C', { hints: [relayA!, relayB!] });
    expect(output).toMatchObject({ kind: 'forward', link: asked.standby.link });
    expect(output).not.toHaveProperty('message.hints');
  });

  it('goes to it at once when nobody owns the name elsewhere any more, or since it does itself', () => {
    const asked = new Asked();
    asked.mesh.end(asked.primary, 'lost');
    asked.mesh.run();
    expect(asked.open('C')).toMatchObject([{ kind: 'forward', link: asked.standby.link }]);
    const promoted = new Asked();
    promoted.mesh.promote(promoted.standby, 3);
    expect(promoted.open('C')).toMatchObject([{ kind: 'forward', link: promoted.standby.link }]);
  });

  it('passes it over with its process, which has one tag at all relays', () => {
    const asked = new Asked();
    const [leg] = asked.open('agent');
    if (leg?.kind !== 'forward') throw new Error('not forwarded');
    asked.mesh.relay('B').router.handleOpenOk(leg.leg, { answer: new Uint8Array(1) }, 0);
    const [accepted] = asked.outputs();
    if (accepted?.kind !== 'accept') throw new Error('not accepted');
    const exclude = [accepted.via!];
    expect(asked.open('C', { exclude })).not.toContainEqual(
      expect.objectContaining({ link: asked.standby.link }),
    );
    expect(asked.after(standbyTurnMs)).not.toContainEqual(
      expect.objectContaining({ link: asked.standby.link }),
    );
    const atA = asked.mesh.relay('A');
    const [peer] = [...atA.ends].find(([, end]) => 'peer' in end && end.peer.name === 'C')!;
    const fields = { realm: 'r', from: 'a@x', to: 'b@x', visited: [], hopsLeft: 2, offer: new Uint8Array(3) };
    const message: Open = { kind: 'open', pathId: new Uint8Array(16).fill(200), ...fields, exclude };
    atA.router.handleOpen({ open: 1, link: peer, message }, asked.mesh.nowMs);
    expect(atA.router.pollOutput()).toMatchObject({ kind: 'forward', message: { exclude } }); // to B
  });
});
