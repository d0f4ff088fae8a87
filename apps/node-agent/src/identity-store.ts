import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Identity, identityFromSeed, identitySeedBytes } from '@macula/crypto';
import { makePrivateDirectory } from '@macula/transport';

/**
 * Why a key file can't be used. The user is at fault, nothing was changed.
 *
 * - `insecure`: other users may read or change the file, or it isn't ours
 * - `corrupt`: it doesn't hold a key
 */
export type IdentityStoreErrorCode = 'insecure' | 'corrupt';

/** A key file that must not be used; the message has cause and remedy. */
export class IdentityStoreError extends Error {
  override readonly name = 'IdentityStoreError';
  readonly code: IdentityStoreErrorCode;

  constructor(code: IdentityStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An identity and where it is kept. */
export interface StoredIdentity {
  readonly identity: Identity;
  /** Its private half, 32 bytes, for a transport that proves the same identity. */
  readonly seed: Uint8Array;
  /** Undefined: it lives only as long as this process. */
  readonly file: string | undefined;
  /** Why it could not be kept, when it should have been. */
  readonly warning: string | undefined;
}

/** `MACULA_DATA_DIR`, else `$XDG_STATE_HOME/macula`, else `~/.local/state/macula`. */
export function dataDirectory(environment: NodeJS.ProcessEnv): string {
  if (environment.MACULA_DATA_DIR) return environment.MACULA_DATA_DIR;
  if (environment.XDG_STATE_HOME?.startsWith('/')) return join(environment.XDG_STATE_HOME, 'macula');
  return join(environment.HOME || homedir(), '.local', 'state', 'macula');
}

/**
 * The identity of a label, made at the first call: `agent-LABEL.key` of mode 0600 holds its seed in base64url. Two agents
 * that start at once end with the same key. Where nothing can be written, the identity is ephemeral.
 * @throws IdentityStoreError
 */
export function loadIdentity(label: string, environment: NodeJS.ProcessEnv): StoredIdentity {
  const directory = dataDirectory(environment);
  const file = join(directory, keyFileName(label));
  try {
    const seed = readSeed(file) ?? createSeed(directory, file);
    return { identity: identityFromSeed(seed), seed, file, warning: undefined };
  } catch (thrown) {
    if (thrown instanceof IdentityStoreError) throw thrown;
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    const warning = `the identity can't be kept (${cause}), so it is a new one at each start and another agent can take the name meanwhile; set MACULA_DATA_DIR to a directory that this user may write`;
    return { ...ephemeralIdentity(), warning };
  }
}

/** An identity that nothing keeps. */
export function ephemeralIdentity(): StoredIdentity {
  const seed = randomBytes(identitySeedBytes);
  return { identity: identityFromSeed(seed), seed, file: undefined, warning: undefined };
}

/** `agent-LABEL.key`: letters, digits, `.`, `_`, `@`, `-` stand for themselves, other bytes of its UTF-8 are `%XX`. */
export function keyFileName(label: string): string {
  const quoted = [...Buffer.from(label, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._@-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
  if (quoted.length <= quotedLengthMax) return `agent-${quoted}.key`;
  return `agent-${quoted.slice(0, quotedLengthMax - 65)}~${createHash('sha256').update(label).digest('hex')}.key`;
}

/** Undefined when there is no such file. */
function readSeed(file: string): Uint8Array | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined;
    if (hasCode(thrown, 'ELOOP')) {
      throw new IdentityStoreError('insecure', `${file} is a symbolic link; put the key itself there`, {
        cause: thrown,
      });
    }
    throw thrown;
  }
  try {
    requirePrivate(file, descriptor);
    const text = readFileSync(descriptor, 'latin1').trim();
    const seed = Buffer.from(text, 'base64url');
    if (seed.length !== identitySeedBytes || seed.toString('base64url') !== text) {
      throw new IdentityStoreError(
        'corrupt',
        `${file} does not hold a key; restore it, or remove it to get a new identity (the name is then free 15 s after the old one has left)`,
      );
    }
    return Uint8Array.from(seed);
  } finally {
    closeSync(descriptor);
  }
}

function requirePrivate(file: string, descriptor: number): void {
  const uid = process.getuid?.();
  if (uid === undefined) return; // no such modes here
  const found = fstatSync(descriptor);
  if (found.uid !== uid) {
    throw new IdentityStoreError(
      'insecure',
      `${file} belongs to user ${found.uid}, not to ${uid}; chown it, or set MACULA_DATA_DIR to another directory`,
    );
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    throw new IdentityStoreError(
      'insecure',
      `other users can use ${file} (mode ${mode}) and pretend to be this node; chmod 600 it, or remove it if they may have read it`,
    );
  }
}

/**
 * Writes a complete temporary file and links it to its name, which fails when another agent was first: then that key counts.
 * For `loadIdentity`; throws the system's error.
 */
export function createSeed(directory: string, file: string): Uint8Array {
  makePrivateDirectory(directory);
  const seed = randomBytes(identitySeedBytes);
  const temporary = join(directory, `.new-${randomBytes(8).toString('hex')}.key`);
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    try {
      writeFileSync(descriptor, `${seed.toString('base64url')}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(temporary, file);
    return Uint8Array.from(seed);
  } catch (thrown) {
    const theirs = hasCode(thrown, 'EEXIST') ? readSeed(file) : undefined;
    if (theirs === undefined) throw thrown;
    return theirs;
  } finally {
    seed.fill(0);
    unlinkSync(temporary);
  }
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && (thrown as NodeJS.ErrnoException).code === code;
}

/** A file name has 255 bytes; `agent-` and `.key` are 10. */
const quotedLengthMax = 240;
