import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityFromSeed, issueToken, type TokenClaims } from '@macula/crypto';
import { codeNumber } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recorder } from '../testing/recorder.js';
import type { TestAgent, TestAgentOptions } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';

let bed: TestBed;
let directory: string;
let accessFile: string;
const seed = randomBytes(32);
const issuer = identityFromSeed(seed);

beforeEach(() => {
  bed = new TestBed();
  directory = mkdtempSync(join(tmpdir(), 'macula-access-'));
  accessFile = join(directory, 'access.json');
});
afterEach(async () => {
  await bed.close();
  rmSync(directory, { recursive: true });
});

/** As an operator's tools do: a new file is moved to its place. */
function put(content: object): void {
  writeFileSync(`${accessFile}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${accessFile}.new`, accessFile);
}

const work = { work: { access: 'token', issuers: [issuer.id] } };

const issue = (claims: Partial<TokenClaims> = {}, issuerSeed = seed): Promise<string> =>
  issueToken({
    issuerSeed,
    claims: { realm: 'work', names: ['*@x'], exp: seconds(600), jti: tokenId(), ...claims },
  });

const seconds = (fromNow: number): number => Math.floor(Date.now() / 1000) + fromNow;
const tokenId = (): string => randomBytes(16).toString('base64url');

const joining = (options: TestAgentOptions): Promise<TestAgent> =>
  bed.agent(1, { realm: 'work', names: ['a@x'], ...options });

/** What became of it: `welcome`, or the code it was sent away with. */
const outcome = async (joined: Promise<TestAgent>): Promise<string | undefined> => {
  const agent = await joined;
  return agent.message('welcome') ? 'welcome' : agent.message('goodbye')?.code;
};

describe('a realm that needs a token', () => {
  it('lets in who has one, and says to everybody else what is wrong', async () => {
    put({ realms: work, relays: [] });
    const relay = await bed.relay(1, { accessFile, open: false });
    const agent = identityFromSeed(randomBytes(32));
    const other = randomBytes(32);
    const outcomes = await Promise.all(
      [
        joining({ token: await issue() }),
        joining({ names: ['b@x'], identity: agent, token: await issue({ sub: agent.id }) }),
        joining({}),
        joining({ token: 'no.token.this' }),
        joining({ token: await issue({}, other) }),
        joining({ token: await issue({ realm: 'play' }) }),
        joining({ token: await issue({ names: ['b@*'] }) }),
        joining({ token: await issue({ sub: agent.id }) }),
        joining({ token: await issue({ exp: seconds(-61) }) }),
        joining({ token: await issue({ nbf: seconds(120) }) }),
        joining({ realm: 'play', token: await issue({ realm: 'play' }) }),
      ].map(outcome),
    );
    expect(outcomes).toEqual([
      'welcome',
      'welcome',
      'token_missing',
      'token_malformed',
      'token_unknown_issuer',
      'token_wrong_realm',
      'token_wrong_name',
      'token_wrong_identity',
      'token_expired',
      'token_not_yet_valid',
      'realm_refused',
    ]);
    expect(relay.metrics()).toContain('macula_relay_hellos_refused_total{code="token_expired"} 1');
  });

  it('ends a session when its token expires, is revoked, or its issuer goes; open realms are left alone', async () => {
    const jti = tokenId();
    const lobby = { access: 'open' };
    put({ realms: { ...work, lobby } });
    await bed.relay(1, { accessFile });
    const expiring = await joining({ names: ['a@x'], token: await issue({ exp: seconds(-58) }) });
    const revoked = await joining({ names: ['b@x'], token: await issue({ jti }) });
    const orphan = await joining({ names: ['c@x'], token: await issue() });
    const free = await joining({ realm: 'lobby' });
    expect(await expiring.gone()).toMatchObject({ code: codeNumber('token_expired') });
    expect(revoked.closed).toBeUndefined();

    put({ realms: { ...work, lobby }, revoked: [{ id: jti, until: seconds(600) }] });
    expect(await revoked.gone()).toMatchObject({ code: codeNumber('token_revoked') });
    expect(await outcome(joining({ names: ['b@x'], token: await issue({ jti }) }))).toBe('token_revoked');
    expect(orphan.closed).toBeUndefined();

    put({ realms: { work: { access: 'token', issuers: [] }, lobby } });
    expect(await orphan.gone()).toMatchObject({ code: codeNumber('token_unknown_issuer') });
    expect(free.closed).toBeUndefined();
  });

  it('lets the older session of a process live as long as the newer one may', async () => {
    put({ realms: work });
    const relay = await bed.relay(1, { accessFile });
    const identity = identityFromSeed(randomBytes(32));
    const bootId = randomBytes(16);
    const process = { identity, bootId, names: ['a@x'] };
    const older = await joining({ ...process, sessionSeq: 1, token: await issue({ exp: seconds(-58) }) });
    const newer = await joining({ ...process, sessionSeq: 2, token: await issue() });
    const other = await joining({ names: ['b@x'], token: await issue({ exp: seconds(-58) }) });
    await other.gone();
    expect([older.closed, newer.closed]).toEqual([undefined, undefined]);
    expect(relay.status().sessions).toHaveLength(2);
  });

  it('ends a session that wants a name which its token does not allow', async () => {
    put({ realms: work });
    await bed.relay(1, { accessFile });
    const agent = await joining({ token: await issue({ names: ['a@x', 'b@x'] }) });
    agent.changeNames({ request: 1, add: ['b@x'], remove: [] });
    await until(() => agent.message('names_done'), 'NAMES_DONE');
    agent.changeNames({ request: 2, add: ['c@x'], remove: [] });
    expect(await agent.gone()).toMatchObject({ code: codeNumber('token_wrong_name') });
  });
});

describe('a relay whose key is removed from the list', () => {
  it('loses its peerings within 5 s, also one that was dialled with its key in the URL, and comes back when it is listed again', async () => {
    const seeds = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const ids = seeds.map((bytes) => identityFromSeed(bytes).id);
    put({ relays: ids });
    await bed.relay(2, {}, { seed: seeds[1]! });
    const first = await bed.relay(
      1,
      { accessFile, peers: [`https://relay:2#id=${ids[1]}`] },
      { seed: seeds[0]! },
    );
    await bed.relay(3, { peers: ['https://relay:1'] }, { seed: seeds[2]! });
    const connected = (): number => first.status().peers.filter(({ state }) => state === 'connected').length;
    await until(() => connected() === 2, 'both peerings');
    const namesElsewhere = (): number => Number(/names_remote (\d+)$/m.exec(first.metrics())?.[1]);
    for (const port of [2, 3]) await bed.agent(port, { names: [`on${port}@x`] });
    await until(() => namesElsewhere() === 2, 'the names at both');

    put({ relays: [ids[0]] });
    await until(() => connected() === 0, 'the end of both', 5000);
    expect(namesElsewhere()).toBe(0);
    put({ relays: ids });
    await until(() => connected() === 2, 'both peerings again');
  });
});

describe('an access file that becomes wrong', () => {
  it('changes nothing', async () => {
    put({ realms: work });
    await bed.relay(1, { accessFile });
    const agent = await joining({ token: await issue() });
    writeFileSync(accessFile, '{ "realms": ');
    const later = await joining({ names: ['b@x'], token: await issue({ exp: seconds(-57) }) });
    await later.gone();
    expect(agent.closed).toBeUndefined();
    expect(await outcome(joining({ names: ['c@x'] }))).toBe('token_missing');
  });
});

describe('a relay on an address that others reach, without --open', () => {
  it('does not start with a token realm while every relay may peer', async () => {
    put({ realms: work });
    const lines = recorder();
    await expect(bed.relay(1, { accessFile, open: false }, { logger: lines.logger })).rejects.toMatchObject({
      code: 'open_peering',
      remedy: expect.stringMatching(/--mesh-secret-file.*--peer-id.*"relays".*--open/),
    });
    expect(lines.messages()).toEqual([]);
    await bed.relay(1, { accessFile, open: false }, { meshSecret: randomBytes(32).toString('base64url') });
  });

  it.each([
    ['no realms', {}],
    ['no realms but what is revoked', { revoked: [], relays: [] }],
    ['an open realm', { realms: { work: { access: 'open' } }, relays: [] }],
    ['no list of relays', { realms: work }],
  ])('keeps its rules when a version of the access file has %s', async (_what, slip) => {
    put({ realms: work, relays: [] });
    const lines = recorder();
    await bed.relay(1, { accessFile, open: false }, { logger: lines.logger });
    put(slip);
    await until(
      () => lines.messages().some((text) => text.startsWith('THE ACCESS FILE IS WRONG')),
      'the error',
    );
    expect(await outcome(joining({}))).toBe('token_missing');
    expect(await outcome(joining({ token: await issue() }))).toBe('welcome');
    const stranger = await bed.relay(2, { peers: ['https://relay:1'] });
    await until(() => lines.messages().includes('connection refused'), 'a refusal');
    expect(stranger.status().peers).not.toContainEqual(expect.objectContaining({ state: 'connected' }));
  });
});

describe('a relay without a data directory', () => {
  it('warns that it will have another id', async () => {
    const [without, with_] = [recorder(), recorder()];
    await bed.relay(1, {}, { logger: without.logger });
    await bed.relay(2, { dataDir: directory }, { logger: with_.logger });
    const warning = expect.stringContaining('another id');
    expect(without.messages()).toContainEqual(warning);
    expect(with_.messages()).not.toContainEqual(warning);
  });
});

describe('an access file without a realm', () => {
  it('is warned of', async () => {
    put({ realms: {}, relays: [] });
    const lines = recorder();
    await bed.relay(1, { accessFile }, { logger: lines.logger });
    expect(lines.messages()).toContainEqual(expect.stringContaining('no node may join'));
  });
});
