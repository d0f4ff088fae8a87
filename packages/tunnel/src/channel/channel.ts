/**
 * One path's sealed stream, both directions: the only place that differs between the tunnel protocols once the
 * handshake is over. Call order of the receiving half: `push` what came, then `next` until it returns `undefined`.
 */
export interface Channel {
  /**
   * Seals one record.
   *
   * @param parts - the plaintext in pieces.
   * @returns the bytes to send, in pieces.
   * @throws CryptoError `nonce_exhausted` and others of its class.
   */
  seal(parts: readonly Uint8Array[]): Uint8Array[];
  /**
   * Takes received bytes.
   *
   * @param chunk - any part of the stream; belongs to the channel from now on.
   */
  push(chunk: Uint8Array): void;
  /**
   * The next record's plaintext, verified.
   *
   * @returns its pieces, or `undefined` when more bytes are needed.
   * @throws CryptoError or TunnelError; every failure is final.
   */
  next(): Uint8Array[] | undefined;
  /** Bytes held that are not part of an opened record. */
  readonly bufferedBytes: number;
  /** Overwrites the keys; the channel is unusable afterwards. */
  wipe(): void;
}
