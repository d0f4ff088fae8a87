import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { socketPathBytesMax } from '../limits.js';
import { pipeStat } from '../pipe-stat.js';

/** A fresh directory of mode 0700 for one Unix-domain socket. */
export interface SocketDirectory {
  /** Where the socket goes; at most 107 bytes. */
  readonly socketPath: string;
  /** Removes socket and directory; never throws. */
  remove(): void;
}

/** Makes one in `$XDG_RUNTIME_DIR`, else in the directory for temporary files; undefined when neither will do. */
export function makeSocketDirectory(environment: NodeJS.ProcessEnv): SocketDirectory | undefined {
  for (const parent of socketParents(environment)) {
    const made = makeIn(parent);
    if (made !== undefined) return made;
  }
  return undefined;
}

/**
 * Removes what a BEAM that ended without notice left behind: its listen socket and the directory of it, when that is
 * clearly one of ours (named `macula-…`, a real directory, owned by this user, private). Never throws.
 */
export function removeBeamSocket(socketPath: string): void {
  const directory = dirname(socketPath);
  if (!basename(directory).startsWith(directoryPrefix)) return;
  try {
    const found = lstatSync(directory);
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) return;
    removeSocketAndDirectory(socketPath);
  } catch {
    // gone already
  }
}

/**
 * The sockets of this user's BEAMs and agents in directories that were last changed before that time; at most 100, whether
 * alive or not is for the caller to find out. Never throws.
 */
export function staleCandidates(environment: NodeJS.ProcessEnv, beforeMs: number): string[] {
  const found: string[] = [];
  for (const parent of socketParents(environment)) {
    for (const name of namesIn(parent)) {
      if (found.length >= candidatesMax) return found;
      const path = join(parent, name, /^macula-agent-\w{6}$/.test(name) ? socketName : 'beam.sock');
      if (!/^macula-(agent-\w{6}|[0-9a-f]{16})$/.test(name) || !isOldSocket(path, beforeMs)) continue;
      found.push(path);
    }
  }
  return found;
}

function isOldSocket(path: string, beforeMs: number): boolean {
  try {
    const socket = lstatSync(path, pipeStat);
    return (
      socket.isSocket() && Number(socket.uid) === process.getuid?.() && Number(socket.mtimeMs) < beforeMs
    );
  } catch {
    return false;
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}

function socketParents(environment: NodeJS.ProcessEnv): Set<string> {
  const parents = [environment.XDG_RUNTIME_DIR, environment.TMPDIR, tmpdir(), '/tmp'];
  return new Set(parents.filter((parent) => parent?.startsWith('/')) as string[]);
}

function makeIn(parent: string): SocketDirectory | undefined {
  // mkdtemp appends six characters
  const path = join(parent, `${directoryPrefix}agent-XXXXXX`, socketName);
  if (Buffer.byteLength(path) > socketPathBytesMax) return undefined;
  try {
    const directory = mkdtempSync(join(parent, `${directoryPrefix}agent-`));
    chmodSync(directory, 0o700);
    const socketPath = join(directory, socketName);
    return { socketPath, remove: () => removeSocketAndDirectory(socketPath) };
  } catch {
    return undefined;
  }
}

function removeSocketAndDirectory(socketPath: string): void {
  try {
    if (lstatSync(socketPath, pipeStat).isSocket()) unlinkSync(socketPath);
  } catch {
    // gone already
  }
  try {
    rmdirSync(dirname(socketPath));
  } catch {
    // gone already, or something else is in it, which is not ours to remove
  }
}

const directoryPrefix = 'macula-';
const socketName = 's';
/** Looked at in one sweep; the next agent does the rest. */
const candidatesMax = 100;
