import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, isAlive, type ManagedProcess, type OtpNode, TokenRealm } from '../harness/index.js';
import { processTree } from '../harness/process-tree.js';
import type { Scenario } from '../scenario.js';

const cookie = 'SECRET_COOKIE_OF_THE_E2E_TEST';

export const scenario: Scenario = {
  summary: 'keys and realm tokens are in no argument, environment, log, file or crash dump',
  drivers: ['local', 'netns'],
  needsProc: true,
  async run({ scene }) {
    const realm = await TokenRealm.make(scene, 'org.example');
    const token = await realm.issue(['*']);
    const env = { MACULA_TOKEN_FILE: token };
    const { relay1, relay2, a, b } = await scene.pair({
      ...{ cookie, env },
      realm: realm.name,
      relay: realm.relay,
    });

    const key = createHash('sha256').update(`macula-dist-tunnel:${cookie}`).digest();
    const files = [
      ...(await Promise.all([a, b].map((node) => identityFile(node)))),
      ...[relay1, relay2].map((relay) => join(relay.data, 'relay.key')),
    ];
    for (const path of files) assert.equal(statSync(path).mode & 0o777, 0o600, path);
    const seeds = files.map((path): Secret => ({ name: path, bytes: readSeed(path) }));
    const kept = [...seeds, meshSecretIn(realm.meshSecretFile), signatureIn(token)];
    const secrets: Secret[] = [{ name: 'tunnel key', bytes: key }, ...kept];
    const needles = new Map(secrets.flatMap((secret) => [...disguises(secret)]));
    // The search itself must be able to find them, in every disguise and at every alignment.
    for (const [name, needle] of needles) assert.ok(find(needle, needles).includes(name), name);
    for (const { name, bytes } of secrets)
      for (const before of ['', 'x', 'xy']) {
        const text = Buffer.concat([Buffer.from(before), bytes, Buffer.from('yz')]).toString('base64');
        assert.ok(find(Buffer.from(text), needles).join().includes(`${name} as base64`), name);
      }

    const roots: ManagedProcess[] = [relay1.process, relay2.process, a.process, b.process];
    for (const root of roots)
      for (const pid of processTree(root.pid)) {
        const args = readFileSync(`/proc/${pid}/cmdline`);
        const environ = readFileSync(`/proc/${pid}/environ`);
        assert.deepEqual(find(Buffer.concat([args, environ]), needles), [], args.toString());
        // -setcookie of the BEAM is OTP's own; nobody else gets to see the cookie.
        if (!/beam/.test(args.toString()) && !/^erl/.test(args.toString()))
          assert.ok(!Buffer.concat([args, environ]).includes(cookie), args.toString());
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
    assert.deepEqual(find(readFileSync(dump), needles), [], dump);
    assert.ok(find(readFileSync(dump), disguises(marker)).includes('marker as base64+0'));

    // The agent of a dead BEAM removes its files at its end; read what stays.
    await eventually(() => !isAlive(agent), { what: `agent ${agent} to end` });
    for (const root of roots) assert.deepEqual(find(Buffer.from(root.output), needles), [], root.label);
    for (const path of filesBelow(scene.directory)) {
      // The one place of each is its own file.
      const own = kept.filter(({ name }) => name === path).flatMap((secret) => [...disguises(secret).keys()]);
      const found = find(readFileSync(path), needles);
      assert.deepEqual(
        found.filter((name) => !own.includes(name)),
        [],
        path,
      );
      if (own.length > 0) assert.notDeepEqual(found, [], path);
    }
  },
};

/** What nobody else may get to see: a key of 32 bytes, or the text of a token's signature. */
interface Secret {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Where the agent of a node keeps its private key. */
async function identityFile(node: OtpNode): Promise<string> {
  const file = await node.eval('maps:get(identity_file, macula:status())');
  const path = join(node.env.XDG_STATE_HOME!, 'macula', `agent-${node.name}.key`);
  assert.equal(file, `<<"${path}">>`);
  return path;
}

/** The private key in an identity file of an agent or a relay. */
function readSeed(path: string): Buffer {
  const seed = Buffer.from(readFileSync(path, 'latin1').trim(), 'base64url');
  assert.equal(seed.length, 32, path);
  return seed;
}

function meshSecretIn(path: string): Secret {
  const [, text] = readFileSync(path, 'latin1').trim().split(' ');
  return { name: path, bytes: Buffer.from(text!, 'base64url') };
}

/** Nobody can use a token without it. */
function signatureIn(path: string): Secret {
  const [, , signature] = readFileSync(path, 'latin1').trim().split('.');
  return { name: path, bytes: Buffer.from(signature!) };
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
