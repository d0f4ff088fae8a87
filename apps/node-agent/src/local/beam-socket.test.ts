import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { leaveSocket } from '../testing/harness.js';
import { sweepStaleSockets } from './beam-socket.js';

test('what killed BEAMs and agents left behind is removed, what lives or is not ours stays', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'macula-test-'));
  try {
    const dead = await leaveSocket(parent, 'macula-0123456789abcdef/beam.sock');
    const deadAgent = await leaveSocket(parent, 'macula-agent-AbC123/s');
    const foreign = await leaveSocket(parent, 'macula-something/beam.sock');
    const young = await leaveSocket(parent, 'macula-0123456789abcde0/beam.sock');
    const alive = await leaveSocket(parent, 'macula-0123456789abcde1/beam.sock');
    rmSync(alive);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(alive, resolve));
    const old = Date.now() / 1000 - 120;
    for (const path of [dead, deadAgent, foreign, alive]) utimesSync(path, old, old);
    await sweepStaleSockets({ XDG_RUNTIME_DIR: parent });
    expect(readdirSync(parent).sort()).toEqual(
      [young, alive, foreign].map((path) => dirname(path).slice(parent.length + 1)).sort(),
    );
    expect(existsSync(alive)).toBe(true);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
