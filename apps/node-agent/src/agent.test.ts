import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atom } from '@macula/dist-protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningAgent, startAgent } from './agent.js';
import { silentLog } from './log.js';
import { FakeBeam } from './testing/fake-beam.js';
import { fakeMeshes } from './testing/fake-mesh.js';

let directory: string;
let agent: RunningAgent | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'macula-agent-test-'));
});
afterEach(async () => {
  await agent?.stop();
  agent = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function startDaemon(path: string) {
  const { made, openMesh } = fakeMeshes();
  agent = await startAgent(
    { channel: 'socket', path },
    {
      environment: { XDG_RUNTIME_DIR: directory, MACULA_DATA_DIR: join(directory, 'data') },
      log: silentLog,
      meshOpener: { openMesh, close: async () => undefined },
    },
  );
  return { made, agent };
}

function dial(path: string): FakeBeam {
  const socket = connect(path);
  return new FakeBeam({ input: socket, output: socket });
}

test('a daemon serves several BEAMs; a malformed one ends alone', async () => {
  const path = join(directory, 'run', 'agent');
  const { made, agent } = await startDaemon(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'run')).mode & 0o777).toBe(0o700);
  const [good, bad] = [dial(path), dial(path)];
  expect((await good.hello()).path).not.toBe((await bad.hello()).path);
  expect(await good.join(1)).toBe(atom('ok'));
  bad.sendRaw(Buffer.from('ffffffff00', 'hex'));
  expect((await bad.take('error')).elements[1]).toBe(atom('bad_frame'));
  good.send(atom('ping'), 1);
  await good.take('pong');
  await agent.stop();
  expect(await agent.ended).toBe(0);
  expect(made[0]!.closedWith).toEqual(['agent_stopped']);
  expect(existsSync(path)).toBe(false);
});

test('a second agent on the same socket says so; a stale one is replaced', async () => {
  const path = join(directory, 'run', 'agent');
  await startDaemon(path);
  await expect(startAgent({ channel: 'socket', path }, { log: silentLog })).rejects.toThrow(
    'already running',
  );
  await agent!.stop();
  // a socket file without a listener, as kill -9 leaves it
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.other`, resolve));
  renameSync(`${path}.other`, path);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(existsSync(path)).toBe(true);
  await startDaemon(path);
  await dial(path).hello();
});

test('a directory that others can enter, a file in the way, and a long path are refused', async () => {
  const open = join(directory, 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  await expect(startDaemon(join(open, 's'))).rejects.toThrow('chmod 700');
  const file = join(directory, 'file');
  writeFileSync(file, '');
  chmodSync(directory, 0o700);
  await expect(startDaemon(file)).rejects.toThrow('no socket');
  await expect(startDaemon(join(directory, 'x'.repeat(120)))).rejects.toThrow('107');
});
