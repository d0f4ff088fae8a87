import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually, isAlive, type ManagedProcess, type OtpNode } from './harness/index.js';
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
    const files = [
      ...(await Promise.all([a, b].map((node) => identityFile(node)))),
      ...[relay1, relay2].map((relay) => join(relay.data, 'relay.key')),
    ];
    for (const path of files) expect(statSync(path).mode & 0o777, path).toBe(0o600);
    const seeds = files.map((path): Secret => ({ name: path, bytes: readSeed(path) }));
    const secrets: Secret[] = [{ name: 'tunnel key', bytes: key }, ...seeds];
    const needles = new Map(secrets.flatMap((secret) => [...disguises(secret)]));
    // The search itself must be able to find them, in every disguise and at every alignment.
    for (const [name, needle] of needles) expect(find(needle, needles), name).toContain(name);
    for (const { name, bytes } of secrets)
      for (const before of ['', 'x', 'xy']) {
        const text = Buffer.concat([Buffer.from(before), bytes, Buffer.from('yz')]).toString('base64');
        expect(find(Buffer.from(text), needles).join(), name).toContain(`${name} as base64`);
      }

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

    // A crash dump of a node with a live tunnel, and with something in it that a search of the dump must find.
    const marker: Secret = { name: 'marker', bytes: randomBytes(32) };
    await a.eval(
      `Self = self(), Marker = <<${[...marker.bytes].join(',')}>>,
       spawn(fun() -> put(marker, Marker), Self ! kept, receive never -> ok end end),
       receive kept -> ok end`,
    );
    const dump = a.env.ERL_CRASH_DUMP!;
    const agent = await a.agentPid();
    await a.eval(`erlang:halt("e2e wants a crash dump")`).catch(() => {});
    await a.process.ended;
    await eventually(() => existsSync(dump) && readFileSync(dump).includes('=end'), {
      what: 'the crash dump',
    });
    expect(find(readFileSync(dump), needles)).toEqual([]);
    expect(find(readFileSync(dump), disguises(marker))).toContain('marker as base64+0');

    // The agent of a dead BEAM removes its files at its end; read what stays.
    await eventually(() => !isAlive(agent), { what: `agent ${agent} to end` });
    for (const root of roots) expect(find(Buffer.from(root.output), needles), root.label).toEqual([]);
    for (const path of filesBelow(scene.directory)) {
      // The one place of a seed is its own file.
      const own = seeds
        .filter(({ name }) => name === path)
        .flatMap((secret) => [...disguises(secret).keys()]);
      const found = find(readFileSync(path), needles);
      expect(
        found.filter((name) => !own.includes(name)),
        path,
      ).toEqual([]);
      if (own.length > 0) expect(found, path).not.toEqual([]);
    }
  },
);

/** What nobody else may get to see: a key of 32 bytes. */
interface Secret {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Where the agent of a node keeps its private key. */
async function identityFile(node: OtpNode): Promise<string> {
  const file = await node.eval('maps:get(identity_file, macula:status())');
  const path = join(node.env.XDG_STATE_HOME!, 'macula', `agent-${node.name}.key`);
  expect(file).toBe(`<<"${path}">>`);
  return path;
}

/** The private key in an identity file of an agent or a relay. */
function readSeed(path: string): Buffer {
  const seed = Buffer.from(readFileSync(path, 'latin1').trim(), 'base64url');
  expect(seed.length, path).toBe(32);
  return seed;
}

/** A secret as it is, in hex, as a list of integers, and in base64 at each of the three alignments. */
function disguises({ name, bytes: key }: Secret): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  found.set(`${name} as raw`, key);
  found.set(`${name} as hex`, Buffer.from(key.toString('hex')));
  found.set(`${name} as HEX`, Buffer.from(key.toString('hex').toUpperCase()));
  found.set(`${name} as integers`, Buffer.from([...key].join(',')));
  for (const shift of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(shift), key]).toString('base64');
    // Without the characters that also depend on the neighbours.
    const inner = text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + key.length) * 8) / 6));
    found.set(`${name} as base64+${shift}`, Buffer.from(inner));
    found.set(`${name} as base64url+${shift}`, Buffer.from(inner.replaceAll('+', '-').replaceAll('/', '_')));
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
