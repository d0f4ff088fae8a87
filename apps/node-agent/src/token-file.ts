import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { tokenBytesMax } from '@macula/wire';

/** A token file that can't be used; the message has cause and remedy. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}

/**
 * The token of a realm in a file, read at each session and each few seconds, so that a new one can be put there before the old one expires.
 * When the file can't be read any more, the last token that was read goes on being used.
 */
export class TokenFile {
  readonly path: string;
  readonly #warn: (text: string) => void;
  #last: string;
  /** Why it could not be read at the last try, which is said once. */
  #problem = '';

  /** @throws TokenFileError when there is no usable token now */
  constructor(path: string, warn: (text: string) => void) {
    this.path = path;
    this.#warn = warn;
    this.#last = readToken(path);
  }

  /** The token. */
  read(): string {
    try {
      this.#last = readToken(this.path);
      this.#problem = '';
    } catch (thrown) {
      if (!(thrown instanceof TokenFileError)) throw thrown;
      if (thrown.message === this.#problem) return this.#last;
      this.#problem = thrown.message;
      this.#warn(`${thrown.message}; going on with the token that was there before`);
    }
    return this.#last;
  }
}

function readToken(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const remedy = `put there what \`macula token issue\` printed, and chmod 600 it, or correct token_file or MACULA_TOKEN_FILE`;
    throw new TokenFileError(`the file with the realm's token can't be read: ${why}; ${remedy}`, { cause });
  }
  try {
    const { mode, size } = fstatSync(descriptor);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const text = `other users can read ${path} (mode ${(mode & 0o777).toString(8).padStart(4, '0')}) and join with its token`;
      throw new TokenFileError(`${text}; chmod 600 it, and ask for another token if they may have read it`);
    }
    const token = size > 2 * tokenBytesMax ? '' : readFileSync(descriptor, 'latin1').trim();
    if (token.length <= tokenBytesMax && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token;
    throw new TokenFileError(
      `${path} holds no token; put there what \`macula token issue\` printed, and nothing else`,
    );
  } catch (cause) {
    if (cause instanceof TokenFileError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TokenFileError(`the file with the realm's token can't be read: ${why}`, { cause });
  } finally {
    closeSync(descriptor);
  }
}
