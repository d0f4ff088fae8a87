import { existsSync } from 'node:fs';
import { CryptoError, isTokenErrorCode, isTokenId, tokenBytesMax } from '@macula/crypto';
import { codeRemedy, codeSentence } from '@macula/wire';
import { CliError } from './errors.js';

/**
 * The token of an argument: itself, or from standard input for `-`, so that it isn't seen among the arguments of processes.
 * @throws CliError `usage` when nothing comes, or far too much, or for the path of a file
 */
export async function readToken(argument: string, input: AsyncIterable<Uint8Array>): Promise<string> {
  if (argument !== '-') {
    const text = argument.trim();
    // A token has no slash.
    if (text.includes('/') || (!isTokenId(text) && existsSync(text)))
      throw new CliError(
        'usage',
        `${text} is a path and no token`,
        `Give the file on standard input: - < ${text}`,
      );
    return text;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > 2 * tokenBytesMax) break;
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  if (text !== '' && bytes <= 2 * tokenBytesMax) return text;
  throw new CliError('usage', 'standard input has no token', 'Give the token alone, on one line.');
}

/** An error about a token with the remedy that the nodes show for it as well; others as they are. */
export function tokenFailure(thrown: unknown): unknown {
  if (!(thrown instanceof CryptoError) || !isTokenErrorCode(thrown.code)) return thrown;
  const remedy = codeRemedy(thrown.code) ?? codeSentence(thrown.code);
  const capital = `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`;
  return new CliError('failed', `${thrown.code}: ${thrown.message}`, capital, { cause: thrown });
}
