import { createHash } from 'node:crypto';
import { asciiBytes, emptyBytes } from '../bytes.js';
import { CryptoError } from '../errors.js';
import { hkdfSha256, hmacSha256, sha256Bytes, wipe } from '../kdf.js';
import { CipherState } from './cipher-state.js';

/** Noise's SymmetricState for SHA256 and AESGCM: chaining key, transcript hash, cipher (Noise rev 34 section 5.2). */
export class SymmetricState {
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #cipher: CipherState | undefined;

  /**
   * InitializeSymmetric.
   *
   * @param protocolName - exactly 32 ASCII characters here, so that it is the first hash as it stands.
   */
  constructor(protocolName: string) {
    const name = asciiBytes(protocolName);
    this.#hash = name.length === sha256Bytes ? name : createHash('sha256').update(name).digest();
    this.#chainingKey = Uint8Array.from(this.#hash);
  }

  /** GetHandshakeHash: binds everything sent so far; a copy. */
  get handshakeHash(): Uint8Array {
    return Uint8Array.from(this.#hash);
  }

  /** MixKey: takes a Diffie-Hellman result (in psk patterns also a public ephemeral) into the keys. */
  mixKey(inputKeyMaterial: Uint8Array): void {
    const [chainingKey, key] = this.#derive(inputKeyMaterial);
    this.#replaceKeys(chainingKey, key);
  }

  /** MixHash: takes public bytes into the transcript. */
  mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  /** MixKeyAndHash: takes a pre-shared key into keys and transcript. */
  mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [chainingKey, transcriptKey, key] = this.#derive(inputKeyMaterial);
    this.mixHash(transcriptKey);
    this.#replaceKeys(chainingKey, key);
  }

  /** EncryptAndHash: seals a payload with the transcript as associated data and takes it into the transcript. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = this.#requireCipher().encryptWithAd(this.#hash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /**
   * DecryptAndHash: the inverse of {@link encryptAndHash}.
   *
   * @throws CryptoError `decrypt_failed` when keys or transcripts differ or bytes were changed.
   */
  decryptAndHash(sealed: Uint8Array): Uint8Array {
    const plaintext = this.#requireCipher().decryptWithAd(this.#hash, sealed);
    this.mixHash(sealed);
    return plaintext;
  }

  /** Split: the keys of the two directions, first the initiator's. */
  split(): readonly [initiatorKey: Uint8Array, responderKey: Uint8Array] {
    const [initiatorKey, responderKey] = this.#derive(emptyBytes);
    return [initiatorKey, responderKey];
  }

  /** HKDF-SHA-256 (RFC 5869, no salt) of the chaining key under a label of our own: 32 bytes for use outside Noise. */
  exportSecret(label: string): Uint8Array {
    return hkdfSha256(this.#chainingKey, emptyBytes, asciiBytes(label), sha256Bytes);
  }

  /** Overwrites all secrets. The state is unusable afterwards. */
  wipe(): void {
    wipe(this.#chainingKey);
    this.#cipher?.wipe();
    this.#cipher = undefined;
  }

  /** HKDF of Noise rev 34 section 4.3 with three outputs; fewer are a prefix of these. */
  #derive(inputKeyMaterial: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
    const temporaryKey = hmacSha256(this.#chainingKey, [inputKeyMaterial]);
    const first = hmacSha256(temporaryKey, [Uint8Array.of(1)]);
    const second = hmacSha256(temporaryKey, [first, Uint8Array.of(2)]);
    const third = hmacSha256(temporaryKey, [second, Uint8Array.of(3)]);
    wipe(temporaryKey);
    return [first, second, third];
  }

  #replaceKeys(chainingKey: Uint8Array, key: Uint8Array): void {
    wipe(this.#chainingKey);
    this.#cipher?.wipe();
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
    wipe(key);
  }

  #requireCipher(): CipherState {
    if (this.#cipher === undefined) throw new CryptoError('bad_state', 'no key has been mixed in yet');
    return this.#cipher;
  }
}
