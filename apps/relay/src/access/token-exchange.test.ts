import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mesh, type MeshEvent } from '@macula/client';
import { deriveTunnelKey, identityFromSeed, issueToken } from '@macula/crypto';
import { parseRelayUrl } from '@macula/transport';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestBed } from '../testing/test-bed.js';

const key = deriveTunnelKey(Buffer.from('cookie'));
const seed = randomBytes(32);

let bed: TestBed;
let directory: string;
let meshes: Mesh[];
beforeEach(async () => {
  bed = new TestBed();
  meshes = [];
  directory = mkdtempSync(join(tmpdir(), 'macula-exchange-'));
  const accessFile = join(directory, 'access.json');
  const realms = { work: { access: 'token', issuers: [identityFromSeed(seed).id] } };
  writeFileSync(accessFile, JSON.stringify({ realms, relays: [] }), { mode: 0o600 });
  await bed.relay(1, { accessFile, open: false });
});
afterEach(async () => {
  await Promise.all(meshes.map((mesh) => mesh.close('shutdown')));
  await bed.close();
  rmSync(directory, { recursive: true });
});

/** A token that the relay, which allows for clocks that differ by 60 s, takes for so many seconds. */
function issue(secondsLeft: number): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) - 60 + secondsLeft;
  const jti = randomBytes(16).toString('base64url');
  return issueToken({ issuerSeed: seed, claims: { realm: 'work', names: ['*@x'], exp, jti } });
}

interface Node {
  readonly mesh: Mesh;
  readonly events: MeshEvent[];
  token: string;
}

async function node(name: string, token: string): Promise<Node> {
  const events: MeshEvent[] = [];
  const node: Node = {
    events,
    token,
    mesh: new Mesh({
      transport: bed.transport(name),
      relays: [parseRelayUrl('quic://relay:1')],
      realm: 'work',
      label: name,
      tlsVerify: 'none',
      identity: identityFromSeed(randomBytes(32)),
      token: () => node.token,
      bootId: randomBytes(16),
      names: [name],
      netTicktime: 60,
      onEvent: (event) => events.push(event),
      onIncoming: (request) => {
        const tunnel = request.accept({ key })!;
        tunnel.start({
          onConfirmed: async () => tunnel.attachLocal(await localSocket()),
          onEnded: () => undefined,
        });
      },
    }),
  };
  meshes.push(node.mesh);
  node.mesh.start();
  await node.mesh.joined();
  return node;
}

/** Of the agent, towards a node that says nothing. */
async function localSocket(): Promise<Socket> {
  const path = join(directory, `${randomBytes(4).toString('hex')}.sock`);
  const server = createServer().listen(path);
  await once(server, 'listening');
  const node = connect(path).on('error', () => undefined);
  const [agent] = (await once(server, 'connection')) as [Socket];
  server.close();
  node.resume();
  return agent;
}

/** A connection between the two, and why it has ended. */
async function connection(from: Node): Promise<{ ended: string | undefined }> {
  const line: { ended: string | undefined } = { ended: undefined };
  const tunnel = from.mesh.connect({ from: 'near@x', to: 'far@x', key });
  await new Promise<void>((resolve, reject) => {
    tunnel.start({
      onUp: resolve,
      onEnded: ({ reason }) => {
        line.ended = reason;
        reject(new Error(reason));
      },
    });
  });
  return line;
}

it.each([
  ['exchanged before it ends', true],
  ['not exchanged', false],
])('a connection of a node whose token is %s lives on: %s', async (_, isExchanged) => {
  const far = await node('far@x', await issue(600));
  const near = await node('near@x', await issue(4));
  const line = await connection(near);
  if (isExchanged) {
    near.token = await issue(600);
    near.mesh.checkToken();
    await expect.poll(() => near.events.at(-1)).toMatchObject({ kind: 'session_renewed', why: 'token' });
    await new Promise((resolve) => setTimeout(resolve, 4500)); // the first token is over
  } else {
    await expect.poll(() => line.ended, { timeout: 10_000 }).toBe('token_expired');
    await expect
      .poll(() => near.events.at(-1))
      .toMatchObject({ kind: 'dial_failed', code: 'token_expired', isRefusal: true });
  }
  expect(line.ended === undefined).toBe(isExchanged);
  expect(near.events.some(({ kind }) => kind === 'session_down')).toBe(!isExchanged);
  await expect.poll(() => far.mesh.status().tunnels).toBe(isExchanged ? 1 : 0);
});
