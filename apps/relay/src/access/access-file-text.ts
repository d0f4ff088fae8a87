import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { RelayError } from '../errors.js';
import { accessFileBytesMax } from '../limits.js';

/** The text of an access file and the state of the file it was read from. */
export interface AccessFileText {
  readonly text: string;
  /** Of the file that was read, taken before reading: what was written later looks different. */
  readonly stats: BigIntStats;
}

/**
 * Reads an access file. Who may write it decides who gets in, so that must be its owner alone.
 *
 * @param path - of the file.
 * @throws RelayError `bad_access_file`
 */
export async function readAccessFile(path: string): Promise<AccessFileText> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing
      ? `there is no access file ${path}`
      : `${path} can't be read: ${(cause as Error).message}`;
    const remedy = isMissing
      ? 'Make it (the README of the relay has an example), or correct the path.'
      : "Let the relay's user read it.";
    throw new RelayError('bad_access_file', why, remedy, { cause });
  }
  try {
    const stats = await file.stat({ bigint: true });
    checkStats(path, stats);
    return { text: await file.readFile('utf8'), stats };
  } catch (cause) {
    throw RelayError.from(cause, 'bad_access_file', `Check ${path}.`);
  } finally {
    await file.close();
  }
}

/**
 * A text that differs when the file may have changed: by writing, replacing, or other permissions.
 *
 * @param stats - of the file.
 */
export function fileFingerprint({ dev, ino, mode, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(' ');
}

function checkStats(path: string, stats: BigIntStats): void {
  const { mode, size } = stats;
  if (!stats.isFile()) {
    throw new RelayError('bad_access_file', `${path} is no file`, 'Give the path of a JSON file.');
  }
  if (process.platform !== 'win32' && (mode & 0o022n) !== 0n) {
    const why = `others than its owner may write ${path} (mode ${(mode & 0o777n).toString(8)}), and so let anybody in`;
    throw new RelayError('bad_access_file', why, `Run: chmod go-w ${path}`);
  }
  if (size > BigInt(accessFileBytesMax)) {
    const why = `${path} has more than ${accessFileBytesMax} bytes`;
    throw new RelayError('bad_access_file', why, 'Remove entries of revoked whose until is over.');
  }
}
