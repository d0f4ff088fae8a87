import { aeadKeyBytes, aeadNonceBytes, aeadOpen, aeadSeal, nextKey, writeCounterNonce } from '../aes-gcm.js';
import { requireLength } from '../bytes.js';
import { CryptoError } from '../errors.js';

/** Nonces run from 0 up to, but not including, this: the largest integer a JavaScript number holds exactly. */
export const nonceLimit: number = Number.MAX_SAFE_INTEGER;

/**
 * Noise's CipherState for AESGCM: a key and a counter (Noise rev 34 section 5.1). Not safe to copy: two objects with
 * one key and one counter reuse nonces.
 */
export class CipherState {
  #key: Uint8Array;
  #counter: number;
  readonly #nonce = new Uint8Array(aeadNonceBytes);

  /**
   * @param key - 32 bytes, copied.
   * @param counter - the first nonce, 0 to {@link nonceLimit}. Default: 0.
   * @throws CryptoError `bad_key` when the key has another size, `bad_option` when the counter is out of bounds.
   */
  constructor(key: Uint8Array, counter = 0) {
    requireLength('cipher key', key, { expected: aeadKeyBytes, code: 'bad_key' });
    if (!Number.isSafeInteger(counter) || counter < 0)
      throw new CryptoError('bad_option', 'nonce out of bounds');
    this.#key = Uint8Array.from(key);
    this.#counter = counter;
  }

  /** How many messages this state has sealed or opened; also the next nonce. */
  get counter(): number {
    return this.#counter;
  }

  /**
   * ENCRYPT with the next nonce.
   *
   * @param associatedData - authenticated, not encrypted.
   * @param plaintext - any length.
   * @returns ciphertext ‖ 16-byte tag.
   * @throws CryptoError `nonce_exhausted` when the counter is at {@link nonceLimit}.
   */
  encryptWithAd(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = aeadSeal(this.#input(associatedData), plaintext);
    this.#counter++;
    return sealed;
  }

  /**
   * DECRYPT with the next nonce. A failure does not advance the counter.
   *
   * @param associatedData - as given to the sender.
   * @param sealed - ciphertext ‖ 16-byte tag.
   * @throws CryptoError `decrypt_failed` when the tag does not match, `nonce_exhausted` when the counter is at
   *   {@link nonceLimit}.
   */
  decryptWithAd(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    const plaintext = aeadOpen(this.#input(associatedData), sealed);
    this.#counter++;
    return plaintext;
  }

  /** REKEY: replaces the key by a one-way function of it; the counter goes on (Noise rev 34 section 11.3). */
  rekey(): void {
    const previous = this.#key;
    this.#key = nextKey(previous);
    previous.fill(0);
  }

  /** Overwrites the key. The state is unusable afterwards. */
  wipe(): void {
    this.#key.fill(0);
    this.#counter = nonceLimit;
  }

  #input(associatedData: Uint8Array): { key: Uint8Array; nonce: Uint8Array; associatedData: Uint8Array } {
    if (this.#counter >= nonceLimit)
      throw new CryptoError('nonce_exhausted', 'no nonce is left under this key');
    writeCounterNonce(this.#nonce, this.#counter);
    return { key: this.#key, nonce: this.#nonce, associatedData };
  }
}
