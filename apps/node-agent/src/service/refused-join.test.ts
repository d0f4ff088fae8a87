import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  atom,
  atomMap,
  binary,
  decodeTerm,
  mapGet,
  type Term,
  type TermMap,
  type Tuple,
  textOf,
} from '@macula/dist-protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ephemeralIdentity, IdentityStoreError } from '../identity-store.js';
import { BeamSocket, joinMap } from '../testing/fake-beam.js';
import type { FakeMesh } from '../testing/fake-mesh.js';
import { type Harness, type HarnessOptions, startHarness } from '../testing/harness.js';

const url = 'https://relay.example.org:4433';
const sentence = 'the time of the token is over; ask its issuer for a new one';

let harness: Harness;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'macula-refused-'));
});
afterEach(async () => {
  await harness.dispose();
  rmSync(directory, { recursive: true });
});

function start(options: HarnessOptions): Harness {
  harness = startHarness(options);
  return harness;
}

async function mesh(number: number): Promise<FakeMesh> {
  await vi.waitFor(() => expect(harness.meshes[number]?.started).toBe(true), { timeout: 10_000 });
  return harness.meshes[number]!;
}

function refuse(of: FakeMesh): void {
  of.errors.set(url, { code: 'token_expired', text: sentence, isRefusal: true });
  of.rejectJoined(new Error(sentence));
}

/** Joins as the environment does, and waits until the log says why that fails. */
async function refusedFromEnvironment(
  changes: Record<string, Term> = {},
): Promise<{ path?: string; port?: number }> {
  const { beam } = harness;
  const address = await beam.hello();
  beam.send(atom('join'), 1, joinMap({ persistent: atom('true'), ...changes }));
  refuse(await mesh(0));
  expect(await refusalEvent()).toContain(sentence);
  return address;
}

/** What the node's log says. */
async function refusalEvent(): Promise<string> {
  for (;;) {
    const [, kind, , map] = await harness.beam.take('event');
    if (kind === atom('join_refused')) return textOf(mapGet(map as TermMap, 'text'))!;
  }
}

async function status(): Promise<Term> {
  harness.beam.send(atom('status'), 77);
  const [, map] = (await harness.beam.reply(77)) as Tuple;
  return map!;
}

/** Code, text and codes of a failed join. */
function failureOf(result: Term): { code: unknown; text: string; codes: unknown } {
  const [, [code, map]] = result as unknown as [unknown, [unknown, TermMap]];
  return { code, text: textOf(mapGet(map, 'text'))!, codes: [...(mapGet(map, 'codes') as TermMap)] };
}

describe('while a refused join of the environment pauses', () => {
  test('status says why, of the join and of each relay', async () => {
    start({ joinAtOnce: false });
    await refusedFromEnvironment();
    const map = await status();
    expect(mapGet(map, 'joined')).toBe(atom('false'));
    expect(textOf(mapGet(map, 'join_error'))).toContain(sentence);
    expect(textOf(mapGet(map, 'identity'))).toHaveLength(43);
    const [relay] = mapGet(map, 'relays') as [Term];
    expect([textOf(mapGet(relay, 'url')), textOf(mapGet(relay, 'last_error'))]).toEqual([url, sentence]);
  });

  test('a connection fails with not_joined and the refusal', async () => {
    start({ joinAtOnce: false });
    const address = await refusedFromEnvironment();
    const token = randomBytes(32);
    const names = { node: binary('b@host'), self: binary('a@host') };
    harness.beam.send(atom('connect'), 1, atomMap({ ...names, token, key: new Uint8Array(32) }));
    const local = await BeamSocket.dial(address, token);
    const { body } = await local.answer();
    const [reason, text] = decodeTerm(body!.subarray(1)) as unknown as [Term, Term];
    expect(reason).toBe(atom('not_joined'));
    expect(textOf(text)).toContain(sentence);
  });

  test('the same join ends the pause and gets the outcome of that try, refused or not', async () => {
    start({ joinAtOnce: false });
    await refusedFromEnvironment();
    const again = harness.beam.join(2);
    refuse(await mesh(1));
    const { code, text, codes } = failureOf(await again);
    expect(code).toBe(atom('refused'));
    expect(text).toContain(sentence);
    expect(codes).toEqual([[binary(url), atom('token_expired')]]);
    const third = harness.beam.join(3);
    (await mesh(2)).resolveJoined();
    expect(await third).toBe(atom('ok'));
    expect(await harness.beam.reply(1)).toBe(atom('ok'));
    const map = await status();
    expect([mapGet(map, 'joined'), mapGet(map, 'join_error')]).toEqual([atom('true'), atom('undefined')]);
  });

  test('a join that waits when the refusal comes gets it, too', async () => {
    const { beam } = start({ joinAtOnce: false });
    await beam.hello();
    beam.send(atom('join'), 1, joinMap({ persistent: atom('true') }));
    const other = beam.join(2);
    refuse(await mesh(0));
    expect(failureOf(await other).code).toBe(atom('refused'));
  });
});

test('a relay that has not answered in time has a code as well', async () => {
  const { beam } = start({ joinAtOnce: false });
  await beam.hello();
  const { code, codes } = failureOf(await beam.join(1, { connect_timeout: 40 }));
  expect(code).toBe(atom('connect_timeout'));
  expect(codes).toEqual([[binary(url), atom('timeout')]]);
});

test('a node that all relays refuse later is not joined, and status says why', async () => {
  const { beam, meshes } = start({});
  await beam.hello();
  await beam.join(1);
  expect(mapGet(await status(), 'joined')).toBe(atom('true'));
  meshes[0]!.isRefused = true;
  meshes[0]!.errors.set(url, { code: 'token_expired', text: sentence, isRefusal: true });
  const map = await status();
  expect(mapGet(map, 'joined')).toBe(atom('false'));
  expect(textOf(mapGet(map, 'join_error'))).toContain(sentence);
  expect(failureOf(await beam.join(2))).toMatchObject({
    code: atom('refused'),
    codes: [[binary(url), atom('token_expired')]],
  });
  expect(meshes[0]!.closedWith).toEqual([]);
});

describe('a file that is wrong when a persistent join begins', () => {
  test.each([
    ['is not there', undefined, /ENOENT.*chmod 600/],
    ['can be read by others', 0o644, /chmod 600/],
  ])('and holds the token: %s; it is tried again', async (_, mode, why) => {
    const { beam, meshes } = start({});
    await beam.hello();
    const path = join(directory, 'token');
    if (mode !== undefined) {
      writeFileSync(path, 'a.b.c');
      chmodSync(path, mode);
    }
    const token_file = binary(path);
    beam.send(atom('join'), 1, joinMap({ persistent: atom('true'), token_file }));
    expect(await refusalEvent()).toMatch(why);
    expect(textOf(mapGet(await status(), 'join_error'))).toMatch(why);
    writeFileSync(path, 'a.b.c');
    chmodSync(path, 0o600);
    expect(await beam.join(2, { token_file })).toBe(atom('ok'));
    expect(await beam.reply(1)).toBe(atom('ok'));
    expect(meshes).toHaveLength(1);
  });

  test('and holds the key: it is tried again', async () => {
    let isRight = false;
    const { beam } = start({
      loadIdentity: () => {
        if (isRight) return ephemeralIdentity();
        throw new IdentityStoreError('insecure', 'chmod 600 it');
      },
    });
    await beam.hello();
    beam.send(atom('join'), 1, joinMap({ persistent: atom('true') }));
    expect(await refusalEvent()).toContain('chmod 600 it; trying again in 15 s');
    isRight = true;
    expect(await beam.join(2)).toBe(atom('ok'));
  });
});

test('the risk of a relay that is not pinned is told once for a join, however often it is tried', async () => {
  const path = join(directory, 'token');
  writeFileSync(path, 'a.b.c', { mode: 0o600 });
  const token_file = binary(path);
  const { beam } = start({ joinAtOnce: false });
  await refusedFromEnvironment({ token_file });
  const again = beam.join(2, { token_file });
  refuse(await mesh(1));
  await again;
  await refusalEvent();
  expect(beam.messages.filter(({ elements }) => elements[1] === atom('token'))).toEqual([]);
});
