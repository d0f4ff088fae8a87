/** A process full of agents without nodes: `node crowd-main.js DIRECTORY`. See `commands.ts` for what it is told and answers. */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Mesh } from '@macula/client';
import { deriveTunnelKey, identityFromSeed } from '@macula/crypto';
import {
  createAutoTransport,
  createQuicTransport,
  createTlsTransport,
  parseRelayUrl,
} from '@macula/transport';
import type { AgentStatus, CrowdAnswer, CrowdCommand, PingResult, ReachResult } from './commands.js';
import { PingProbe } from './ping-probe.js';
import { SocketPairs } from './socket-pairs.js';

const key = deriveTunnelKey(Buffer.from('CROWD'));
const transport = createAutoTransport({ transports: [createQuicTransport(), createTlsTransport()] });
const pairs = new SocketPairs(join(process.argv[2]!, 'pairs.sock'));
const agents = new Map<string, Mesh>();
let pings: PingProbe | undefined;

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, ...command } = JSON.parse(line) as CrowdCommand & { readonly id: number };
  perform(command).then(
    (value) => answer({ id, value }),
    (thrown: unknown) => answer({ id, error: String(thrown) }),
  );
});
// The scenario is over, however it ended.
lines.on('close', () => process.exit(0));

function answer(line: CrowdAnswer): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function perform(command: CrowdCommand): Promise<unknown> {
  switch (command.do) {
    case 'join':
      return joinMesh(command);
    case 'leave': {
      const mesh = agentOf(command.name);
      agents.delete(command.name);
      return mesh.close('shutdown');
    }
    case 'status':
      return [...agents].map(([name, mesh]): AgentStatus => ({ name, relay: relayOf(mesh) }));
    case 'reach':
      return reach(command);
    case 'start-pings':
      pings = await PingProbe.start(transport, command.relay);
      return null;
    case 'stop-pings':
      return pings!.stop() satisfies PingResult;
  }
}

function joinMesh({
  name,
  relays,
  standbySessions,
}: Extract<CrowdCommand, { do: 'join' }>): Promise<boolean> {
  if (agents.has(name)) throw new Error(`${name} has joined already`);
  const mesh = new Mesh({
    ...{ transport, realm: 'io.macula', label: name, tlsVerify: 'none', names: [name], standbySessions },
    relays: relays.map(parseRelayUrl),
    identity: identityFromSeed(createHash('sha256').update(name).digest()),
    bootId: randomBytes(16),
    netTicktime: 60,
    onEvent: () => {},
    onIncoming: (incoming) => {
      const tunnel = incoming.accept({ key });
      tunnel?.start({
        onConfirmed: () =>
          void pairs.next().then(({ agent, node }) => {
            node.pipe(node);
            tunnel.attachLocal(agent);
          }),
        onEnded: () => {},
      });
    },
  });
  agents.set(name, mesh);
  mesh.start();
  return mesh.joined().then(
    () => true,
    () => false,
  );
}

function reach({ from, to, bytes }: Extract<CrowdCommand, { do: 'reach' }>): Promise<ReachResult> {
  const tunnel = agentOf(from).connect({ from, to, key });
  const sent = randomBytes(bytes);
  const beganMs = performance.now();
  const received: Buffer[] = [];
  let isEchoed = false;
  return new Promise((resolve) => {
    tunnel.start({
      onUp: () =>
        void pairs.next().then(({ agent, node }) => {
          node.on('data', (chunk) => {
            received.push(chunk);
            isEchoed = Buffer.concat(received).equals(sent);
            if (isEchoed) node.destroy();
          });
          tunnel.attachLocal(agent);
          node.write(sent);
        }),
      onEnded: ({ reason, text }) => {
        const ms = Math.round(performance.now() - beganMs);
        resolve(isEchoed ? { code: 'ok', text: '', ms } : { code: reason, text, ms });
      },
    });
  });
}

function agentOf(name: string): Mesh {
  const mesh = agents.get(name);
  if (mesh === undefined) throw new Error(`there is no agent ${name}`);
  return mesh;
}

function relayOf(mesh: Mesh): string | null {
  return mesh.status().relays.find(({ state }) => state === 'connected')?.url ?? null;
}
