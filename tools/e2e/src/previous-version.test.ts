import { wireMajor, wireMinor } from '@macula/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './harness/index.js';
import { clientLibrary, type Version } from './previous-version/client-library.js';
import { Link } from './previous-version/link.js';
import type { MeshAgent } from './previous-version/mesh-agent.js';
import { MixedMesh, type MixedRelay } from './previous-version/mixed-mesh.js';

const versions: readonly Version[] = ['new', 'old'];

/** Two relays of this version and one of the previous, each peered with both others: either version dials the other. */
interface FullMesh {
  readonly new1: MixedRelay;
  readonly old: MixedRelay;
  readonly new2: MixedRelay;
}

async function fullMesh(mesh: MixedMesh): Promise<FullMesh> {
  const new1 = await mesh.relay('new-1', 'new', []);
  const old = await mesh.relay('old', 'old', [new1]);
  const new2 = await mesh.relay('new-2', 'new', [new1, old]);
  return { new1, old, new2 };
}

/** An agent of each version at each relay, with a name that says both. */
function agentsAt(mesh: MixedMesh, ...relays: readonly MixedRelay[]): Promise<MeshAgent[]> {
  const places = relays.flatMap((relay) => versions.map((version) => ({ relay, version })));
  return Promise.all(
    places.map(({ relay, version }) =>
      mesh.agent({ version, names: [`${version}@${relay.label}`], at: [relay] }),
    ),
  );
}

/** Resolves when each of these relays knows of so many names at others. */
async function know(relays: readonly MixedRelay[], names: number): Promise<void> {
  for (const relay of relays)
    await eventually(async () => (await relay.figure('names_remote')) === names, {
      what: `${relay.label} to know ${names} names at others`,
    });
}

/** A tunnel comes about, and bytes pass both ways. */
async function passes(from: MeshAgent, to: MeshAgent, name?: string): Promise<void> {
  const link = await Link.open(from, to, name);
  await link.exchange(50_000);
  link.end();
}

/** The same from each to each. */
async function allPass(agents: readonly MeshAgent[]): Promise<void> {
  const pairs = agents.flatMap((from) => agents.filter((to) => to !== from).map((to) => [from, to] as const));
  await Promise.all(pairs.map(([from, to]) => passes(from, to)));
}

it('the pinned version is the one before this', async () => {
  const old = await clientLibrary('old');
  expect([old.wireMajor, old.wireMinor]).toEqual([wireMajor, wireMinor - 1]);
});

describe('relays of this version and the previous one, each peered with each', () => {
  let mesh: MixedMesh;
  let relays: FullMesh;
  beforeAll(async () => {
    mesh = await MixedMesh.make();
    relays = await fullMesh(mesh);
  });
  afterEach(() => mesh.closeAgents());
  afterAll(() => mesh.stop());

  it('carry tunnels between agents of both versions at all of them, whoever dials', async () => {
    await allPass(await agentsAt(mesh, relays.new1, relays.old, relays.new2));
  });

  it('say not_found for a name that nobody has', async () => {
    const agents = await agentsAt(mesh, relays.new1, relays.old, relays.new2);
    for (const agent of agents) expect(await agent.refusal('nobody@x'), agent.name).toBe('not_found');
  });

  it.each(versions)('find names at a relay of the %s version as they come and go', async (version) => {
    const [at, ...others] =
      version === 'new' ? [relays.new1, relays.old, relays.new2] : [relays.old, relays.new1, relays.new2];
    const holder = await mesh.agent({ version, names: ['holder@x'], at: [at!] });
    const seekers = await agentsAt(mesh, ...others);
    const changing = ['a@x', 'b@x', 'c@x'];
    for (const present of [['a@x'], [], ['a@x', 'b@x'], ['b@x'], ['c@x', 'a@x']]) {
      await holder.mesh.setNames(['holder@x', ...present]);
      await know(others, 2 + 1 + present.length);
      for (const seeker of seekers)
        for (const name of changing) {
          if (present.includes(name)) await passes(seeker, holder, name);
          else expect(await seeker.refusal(name), `${name} from ${seeker.name}`).toBe('not_found');
        }
    }
  });

  it.each([
    { holds: 'new', wants: 'old' },
    { holds: 'old', wants: 'new' },
  ] as const)(
    'refuse a name at the $wants one that lives at the $holds one, until it is free',
    async ({ holds, wants }) => {
      const place = { new: relays.new1, old: relays.old };
      const [there, here] = [place[holds], place[wants]];
      for (const version of versions) {
        const holder = await mesh.agent({ version, names: ['mine@x'], at: [there] });
        await know([here], 1);
        for (const rivals of versions) {
          const rival = mesh.agent({ version: rivals, names: ['mine@x'], at: [here] });
          await expect(rival).rejects.toMatchObject({ code: 'refused', wireCode: 'name_taken' });
          const other = await mesh.agent({ version: rivals, names: [`${rivals}@x`], at: [here] });
          await other.mesh.setNames([`${rivals}@x`, 'mine@x']);
          await other.happens('names_taken');
          await passes(other, holder);
          await other.close();
        }
        await holder.close();
        await know([here], 0);
      }
      const heir = await mesh.agent({ version: 'new', names: ['mine@x'], at: [here] });
      await know([there], 1);
      expect(heir.name).toBe('mine@x');
    },
  );
});

describe('relays of this version and the previous one', () => {
  let mesh: MixedMesh;
  beforeEach(async () => {
    mesh = await MixedMesh.make();
  });
  afterEach(() => mesh.stop());

  it('in a line carry tunnels through each other, and end them after three', async () => {
    const new1 = await mesh.relay('new-1', 'new', []);
    const old1 = await mesh.relay('old-1', 'old', [new1]);
    const new2 = await mesh.relay('new-2', 'new', [old1]);
    const old2 = await mesh.relay('old-2', 'old', [new2]);
    const newEnd = await agentsAt(mesh, new1);
    const between = await agentsAt(mesh, old1, new2);
    const oldEnd = await agentsAt(mesh, old2);
    await know([new1, old1, new2, old2], 6);
    await allPass([...newEnd, ...between]);
    await allPass([...between, ...oldEnd]);
    for (const [from, to] of [
      [newEnd, oldEnd],
      [oldEnd, newEnd],
    ] as const)
      for (const agent of from) expect(await agent.refusal(to[0]!.name), agent.name).toBe('hop_limit');
  });

  it('give their agents to each other when they drain', async () => {
    const { new1, old, new2 } = await fullMesh(mesh);
    const still = await mesh.agent({ version: 'new', names: ['still@x'], at: [new1] });
    const moving = await Promise.all(
      versions.map((version) => mesh.agent({ version, names: [`${version}@x`], at: [new2, old, new1] })),
    );
    const links = await linked(moving, still);
    for (const [leaving, next] of [
      [new2, old],
      [old, new1],
    ] as const) {
      leaving.process.signal('SIGTERM');
      for (const agent of moving)
        await agent.happens('session_renewed', { former: leaving.url, relay: next.url, why: 'draining' });
      await Promise.all(links.map((link) => link.exchange(50_000)));
      expect(await leaving.process.ended).toEqual({ code: 0, signal: null });
      await Promise.all(links.map((link) => link.exchange(50_000)));
      await allPass([still, ...moving]);
    }
  });

  it('have a session of the one stand by for one of the other', async () => {
    const { new1, old, new2 } = await fullMesh(mesh);
    const still = await mesh.agent({ version: 'new', names: ['still@x'], at: [new1] });
    const moving = await Promise.all(
      versions.map((version) =>
        mesh.agent({ version, names: [`${version}@x`], at: [new2, old, new1], standbySessions: 1 }),
      ),
    );
    const links = await linked(moving, still);
    for (const [dying, next] of [
      [new2, old],
      [old, new1],
    ] as const) {
      for (const agent of moving) await agent.happens('standby_up', { relay: next.url });
      expect(await next.figure('sessions_standby')).toBe(moving.length);
      dying.process.killNow();
      for (const agent of moving) await agent.happens('session_up', { relay: next.url });
      await Promise.all(links.map((link) => link.exchange(50_000)));
      await allPass([still, ...moving]);
    }
  });
});

/** Tunnels between each of these and another one, dialled by each of the two. */
function linked(agents: readonly MeshAgent[], other: MeshAgent): Promise<Link[]> {
  return Promise.all(agents.flatMap((agent) => [Link.open(agent, other), Link.open(other, agent)]));
}
