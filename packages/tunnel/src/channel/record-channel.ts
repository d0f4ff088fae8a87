import { RecordOpener, RecordSealer, wipe } from '@macula/crypto';
import type { Channel } from './channel.js';

/** What a finished Noise handshake gives a channel, and when its keys change. */
export interface RecordChannelOptions {
  /** Key of the records this side sends, 32 bytes; wiped by the channel. */
  readonly sendKey: Uint8Array;
  /** Key of the records this side receives, 32 bytes; wiped by the channel. */
  readonly receiveKey: Uint8Array;
  /** Records under one key, equal at both ends. Default: 2^20. */
  readonly rekeyEveryRecords?: number;
}

/** Protocol 2: sealed records with counter nonces under keys of this path only. */
export class RecordChannel implements Channel {
  readonly #sealer: RecordSealer;
  readonly #opener: RecordOpener;

  /**
   * @param options - see {@link RecordChannelOptions}.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor({ sendKey, receiveKey, rekeyEveryRecords }: RecordChannelOptions) {
    const limits = rekeyEveryRecords === undefined ? {} : { rekeyEveryRecords };
    this.#sealer = new RecordSealer({ key: sendKey, ...limits });
    this.#opener = new RecordOpener({ key: receiveKey, ...limits });
    wipe(sendKey);
    wipe(receiveKey);
  }

  seal(parts: readonly Uint8Array[]): Uint8Array[] {
    return this.#sealer.seal(parts);
  }

  push(chunk: Uint8Array): void {
    this.#opener.push(chunk);
  }

  next(): Uint8Array[] | undefined {
    return this.#opener.next();
  }

  get bufferedBytes(): number {
    return this.#opener.bufferedBytes;
  }

  wipe(): void {
    this.#sealer.wipe();
    this.#opener.wipe();
  }
}
