import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '@macula/testkit';
import { killPid } from '../harness/index.js';
import { goodLine, type StandingMesh } from './standing-mesh.js';

/** Something that happens to the standing mesh; when it is over, everything that was broken is whole or was started again. */
export interface Fault {
  readonly name: string;
  /** It needs homes with lines. */
  readonly needsNetwork?: true;
  /** No link may be lost through it. */
  readonly keepsLinks?: true;
  /** @returns what it did, for people */
  strike(mesh: StandingMesh, random: SeededRandom): Promise<string>;
}

/** The first relay and the first node are never killed, so that memory and descriptors can be followed all the time. */
export const faults: readonly Fault[] = [
  { name: 'none', keepsLinks: true, strike: async () => 'nothing' },
  {
    name: 'relay-worker',
    strike: async (mesh, random) => {
      const relay = random.pick(mesh.relays.slice(1));
      for (const pid of relay.workerPids()) killPid(pid, 'SIGKILL');
      return `worker of ${relay.label} killed`;
    },
  },
  {
    name: 'agent',
    strike: async (mesh, random) => {
      const { node } = random.pick(mesh.members.slice(1));
      killPid(await node.agentPid(), 'SIGKILL');
      return `agent of ${node.name} killed`;
    },
  },
  {
    name: 'node',
    strike: async (mesh, random) => {
      const member = random.pick(mesh.members.slice(1));
      await member.node.kill();
      member.node = await member.start();
      await mesh.talk(member);
      return `${member.node.name} killed and started again`;
    },
  },
  {
    name: 'suspended',
    keepsLinks: true,
    strike: async (mesh, random) => {
      const { node } = random.pick(mesh.members);
      const isAgent = random.integer(2) === 0;
      const pid = isAgent ? await node.agentPid() : await node.beamPid();
      const ms = 1000 + random.integer(5000);
      killPid(pid, 'SIGSTOP');
      await sleep(ms).finally(() => killPid(pid, 'SIGCONT'));
      return `${isAgent ? 'agent' : 'BEAM'} of ${node.name} stood still for ${ms} ms`;
    },
  },
  {
    name: 'dark',
    needsNetwork: true,
    strike: async (mesh, random) => {
      const { node, home } = random.pick(mesh.members);
      const ms = 500 + random.integer(7500);
      await home!.link.set({ isDark: true });
      await sleep(ms).finally(() => home!.link.set(goodLine));
      return `line of ${node.name} dark for ${ms} ms`;
    },
  },
  {
    name: 'bad-line',
    needsNetwork: true,
    strike: async (mesh, random) => {
      const { node, home } = random.pick(mesh.members);
      const line = {
        delayMs: random.integer(200),
        jitterMs: random.integer(50),
        lossPercent: random.integer(8),
        reorderPercent: random.integer(5),
        duplicatePercent: random.integer(3),
        rateMbit: 1 + random.integer(20),
      };
      await home!.link.set(line);
      await sleep(8000).finally(() => home!.link.set(goodLine));
      return `line of ${node.name} for 8 s ${JSON.stringify(line)}`;
    },
  },
  {
    name: 'rebinding',
    needsNetwork: true,
    strike: async (mesh, random) => {
      const { node, home } = random.pick(mesh.members);
      await home!.rebind();
      return `home of ${node.name} has another address`;
    },
  },
];
