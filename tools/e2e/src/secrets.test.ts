import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually, isAlive, type ManagedProcess } from './harness/index.js';
import { processTree } from './harness/process-tree.js';
import { explainFailure, useScene } from './use-scene.js';

const scene = useScene();
const cookie = 'SECRET_COOKIE_OF_THE_E2E_TEST';

it.skipIf(process.platform !== 'linux')(
  'keys are in no argument, environment, log, file or crash dump',
  async () => {
    explainFailure(scene);
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', cookie, relays: [relay1.url] }),
      scene.node({ name: 'b@two.test', cookie, relays: [relay2.url] }),
    ]);
    await a.evalUntil(`net_adm:ping('b@two.test')`, 'pong', 20_000);

    const key = createHash('sha256').update(`macula-dist-tunnel:${cookie}`).digest();
    const needles = disguises(key);
    // The search itself must be able to find it, in every disguise and at every alignment.
    for (const [name, needle] of needles) expect(find(needle, needles), name).toContain(name);
    expect(
      find(
        Buffer.from(Buffer.concat([Buffer.from('x'), key, Buffer.from('yz')]).toString('base64')),
        needles,
      ),
    ).not.toEqual([]);

    const roots: ManagedProcess[] = [relay1.process, relay2.process, a.process, b.process];
    for (const root of roots)
      for (const pid of processTree(root.pid)) {
        const args = readFileSync(`/proc/${pid}/cmdline`);
        const environ = readFileSync(`/proc/${pid}/environ`);
        expect(find(Buffer.concat([args, environ]), needles), args.toString()).toEqual([]);
        // -setcookie of the BEAM is OTP's own; nobody else gets to see the cookie.
        if (!/beam/.test(args.toString()) && !/^erl/.test(args.toString()))
          expect(Buffer.concat([args, environ]).includes(cookie), args.toString()).toBe(false);
      }

    // A crash dump of a node with a live tunnel.
    const dump = a.env.ERL_CRASH_DUMP!;
    const agent = await a.agentPid();
    await a.eval(`erlang:halt("e2e wants a crash dump")`).catch(() => {});
    await a.process.ended;
    await eventually(() => existsSync(dump) && readFileSync(dump).includes('=end'), {
      what: 'the crash dump',
    });
    expect(find(readFileSync(dump), needles)).toEqual([]);

    // The agent of a dead BEAM removes its files at its end; read what stays.
    await eventually(() => !isAlive(agent), { what: `agent ${agent} to end` });
    for (const root of roots) expect(find(Buffer.from(root.output), needles), root.label).toEqual([]);
    for (const path of filesBelow(scene.directory))
      expect(find(readFileSync(path), needles), path).toEqual([]);
  },
);

/** The key as it is, in hex, as a list of integers, and in base64 at each of the three alignments. */
function disguises(key: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  found.set('raw', key);
  found.set('hex', Buffer.from(key.toString('hex')));
  found.set('HEX', Buffer.from(key.toString('hex').toUpperCase()));
  found.set('integers', Buffer.from([...key].join(',')));
  for (const shift of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(shift), key]).toString('base64');
    // Without the characters that also depend on the neighbours.
    const inner = text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + key.length) * 8) / 6));
    found.set(`base64+${shift}`, Buffer.from(inner));
    found.set(`base64url+${shift}`, Buffer.from(inner.replaceAll('+', '-').replaceAll('/', '_')));
  }
  return found;
}

function find(haystack: Buffer, needles: ReadonlyMap<string, Buffer>): string[] {
  return [...needles].filter(([, needle]) => haystack.includes(needle)).map(([name]) => name);
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
