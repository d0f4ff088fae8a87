import { readToken, tokenFailure } from '../token-text.js';

/** Options of `macula token revoke` as Commander gives them. */
export interface TokenRevokeOptions {
  readonly accessFile: string;
  /** Seconds since 1970. */
  readonly until?: number;
}

/** `macula token revoke --access-file FILE TOKEN|JTI|-`: relays that use this file end what was admitted with the token. */
export async function runTokenRevokeCommand(argument: string, options: TokenRevokeOptions): Promise<void> {
  const { revokeInFile } = await import('@macula/relay');
  const { tokenTimeSecondsMax } = await import('@macula/crypto');
  const token = await readToken(argument, process.stdin);
  try {
    const revocation = { token, untilSeconds: options.until };
    const result = await revokeInFile(options.accessFile, revocation, Date.now());
    const { tokenId, untilSeconds, wasRevoked, dropped } = result;
    const end =
      untilSeconds === tokenTimeSecondsMax
        ? 'for good'
        : `until ${new Date(untilSeconds * 1000).toISOString()}`;
    const notes = [
      ...(wasRevoked ? ['it was before'] : []),
      ...(dropped > 0 ? [`${dropped} entries whose time is over were dropped`] : []),
    ];
    process.stdout.write(`revoked ${tokenId} ${end}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}\n`);
  } catch (thrown) {
    throw tokenFailure(thrown);
  }
}
