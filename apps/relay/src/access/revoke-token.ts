import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { inspectToken, isTokenId, tokenTimeSecondsMax, verifyToken } from '@macula/crypto';
import { RelayError } from '../errors.js';
import { accessFileBytesMax, accessLockRetryMs, accessLockWaitMsMax } from '../limits.js';
import { type AccessFile, parseAccessFile } from './access-file.js';
import { type AccessFileText, readAccessFile } from './access-file-text.js';

/** A token to take back. */
export interface Revocation {
  /** The token, or its id (`jti`). */
  readonly token: string;
  /** Seconds since 1970 from which no relay takes it anyway, so that the entry can be dropped. Default: its own end, if it tells. */
  readonly untilSeconds?: number | undefined;
}

/** What {@link revokeInFile} did. */
export interface RevocationResult {
  readonly tokenId: string;
  /** Seconds since 1970; `tokenTimeSecondsMax` when the end of the token isn't known. */
  readonly untilSeconds: number;
  /** It was in the file before. */
  readonly wasRevoked: boolean;
  /** Entries that were dropped because their time is over. */
  readonly dropped: number;
}

/**
 * Puts a token on the list `revoked` of an access file and leaves everything else in it as it is. The file is replaced at once
 * and keeps owner and permissions; a relay that watches it never sees half of it. Two that do this at the same time wait for
 * each other.
 *
 * @param path - of the access file, which must be there and right.
 * @param revocation - the token.
 * @param nowMs - milliseconds since 1970; entries whose time is over are dropped.
 * @throws RelayError `bad_access_file`, or CryptoError when the text is neither token nor id; nothing was changed then
 */
export async function revokeInFile(
  path: string,
  revocation: Revocation,
  nowMs: number,
): Promise<RevocationResult> {
  const target = await realpath(path).catch(() => path); // a link stays a link
  return withLock(`${target}.lock`, async () => {
    const former = await readAccessFile(target);
    const tokenId = isTokenId(revocation.token)
      ? revocation.token
      : inspectToken(revocation.token).claims.jti;
    const file = parseAccessFile(former.text, path);
    const untilSeconds = revocation.untilSeconds ?? (await endOf(revocation.token, file));
    const { text, result } = withRevocation(former.text, { tokenId, untilSeconds }, nowMs);
    if (Buffer.byteLength(text) > accessFileBytesMax) {
      const why = `${path} would have more than ${accessFileBytesMax} bytes`;
      throw new RelayError('bad_access_file', why, 'Remove the issuer of the tokens instead.');
    }
    parseAccessFile(text, path);
    await replaceFile(target, text, former);
    return result;
  });
}

/**
 * When a token can't be used any more. Only one that an issuer of this file has signed tells; else somebody could make one with the
 * id of another and an early end, after which the entry would be dropped. Undefined: an id tells nothing.
 */
async function endOf(token: string, { realms }: AccessFile): Promise<number | undefined> {
  if (isTokenId(token)) return undefined;
  const issuers = [...(realms?.values() ?? [])].flatMap((rule) =>
    rule.access === 'token' ? rule.issuers : [],
  );
  const { exp } = inspectToken(token).claims;
  try {
    const grant = await verifyToken(token, { issuers, nowMs: exp * 1000 - 1 }); // also when it is over by now
    return Math.min(Math.ceil(grant.notAfterMs / 1000), tokenTimeSecondsMax);
  } catch {
    return tokenTimeSecondsMax;
  }
}

/** The file as an object, so that what this version doesn't know stays too; keeps the indentation. */
function withRevocation(
  text: string,
  { tokenId, untilSeconds }: { readonly tokenId: string; readonly untilSeconds: number | undefined },
  nowMs: number,
): { text: string; result: RevocationResult } {
  const file = JSON.parse(text) as { revoked?: { id: string; until: number }[] };
  const before = file.revoked ?? [];
  const others = before.filter(({ id }) => id !== tokenId);
  const kept = others.filter(({ until }) => until * 1000 > nowMs);
  const known = before.filter(({ id }) => id === tokenId).map(({ until }) => until);
  const ends = untilSeconds === undefined ? known : [...known, untilSeconds];
  const until = ends.length > 0 ? Math.max(...ends) : tokenTimeSecondsMax;
  file.revoked = [...kept, { id: tokenId, until }];
  const indentation = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1] ?? '  ';
  return {
    text: `${JSON.stringify(file, undefined, indentation)}\n`,
    result: {
      tokenId,
      untilSeconds: until,
      wasRevoked: known.length > 0,
      dropped: others.length - kept.length,
    },
  };
}

async function replaceFile(path: string, text: string, { stats }: AccessFileText): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await keepOwner(file, stats);
      await file.chmod(Number(stats.mode & 0o777n));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    const remedy = `Run this as the owner of ${path}, who must be able to write its directory.`;
    throw RelayError.from(cause, 'bad_access_file', remedy);
  }
}

/** Otherwise root, who revokes, would leave a file that the relay's user can't read. */
async function keepOwner(file: FileHandle, { uid, gid }: AccessFileText['stats']): Promise<void> {
  const own = await file.stat({ bigint: true });
  if (own.uid !== uid || own.gid !== gid) await file.chown(Number(uid), Number(gid));
}

async function withLock<T>(lock: string, action: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; !(await takeLock(lock)); waitedMs += accessLockRetryMs) {
    if (waitedMs >= accessLockWaitMsMax) {
      const why = `somebody else has been changing the access file for ${accessLockWaitMsMax / 1000} s`;
      throw new RelayError('bad_access_file', why, `If nobody does, remove ${lock} and try again.`);
    }
    await delay(accessLockRetryMs);
  }
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Returns whether the lock is ours now. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx', 0o600)).close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    const remedy = 'Check the path, and that you may write its directory.';
    throw RelayError.from(cause, 'bad_access_file', remedy);
  }
}
