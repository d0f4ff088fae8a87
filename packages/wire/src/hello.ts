import { type Identity, identityId, verifySignature } from '@macula/crypto';
import { WireError } from './errors.js';
import type { Challenge, Hello, Proof, SessionRole } from './messages.js';
import { wireMajor, wireMinor } from './version.js';

/**
 * The mutual HELLO as two small state machines without effects: each side signs fixed bytes that contain both
 * nonces, both identities and the fingerprint of this very connection's certificate, so that neither a replay nor a
 * relay in the middle passes. The signed bytes are laid out here, never re-encoded msgpack.
 *
 * Call order of {@link HelloDialer}: `hello` → send; `handleChallenge` → send its proof; wait for WELCOME.
 * Call order of {@link HelloListener}: `handleHello` → send its challenge; `handleProof`; send WELCOME.
 */
export class HelloDialer {
  /** The message to send first. */
  readonly hello: Hello;
  readonly #identity: Identity;
  readonly #certificateSha256: Uint8Array;
  readonly #identityPin: string | undefined;

  constructor(options: HelloDialerOptions) {
    this.#identity = options.identity;
    this.#certificateSha256 = options.certificateSha256;
    this.#identityPin = options.identityPin;
    this.hello = {
      kind: 'hello',
      major: wireMajor,
      minor: wireMinor,
      role: options.role,
      realm: options.realm,
      names: options.names,
      identity: options.identity.publicKey,
      bootId: options.bootId,
      sessionSeq: options.sessionSeq,
      nonce: options.nonce,
      label: options.label,
    };
  }

  /**
   * Checks the listener's proof and makes our own.
   * @throws WireError `version_unsupported`, `id_mismatch` or `bad_signature`
   */
  handleChallenge(challenge: Challenge): Proof {
    requireMajor(challenge.major);
    if (this.#identityPin !== undefined && identityId(challenge.identity) !== this.#identityPin) {
      throw new WireError(
        'id_mismatch',
        `the relay is ${identityId(challenge.identity)}, not the pinned one`,
      );
    }
    const transcript = helloTranscript(this.hello, challenge, this.#certificateSha256);
    requireSignature({
      publicKey: challenge.identity,
      message: signedBytes(`relay to ${this.hello.role}`, transcript),
      signature: challenge.signature,
    });
    return {
      kind: 'proof',
      signature: this.#identity.sign(signedBytes(`${this.hello.role} to relay`, transcript)),
    };
  }
}

/** What a dialer says of itself. */
export interface HelloDialerOptions {
  readonly role: SessionRole;
  readonly realm: string;
  readonly names: readonly string[];
  readonly identity: Identity;
  /** 16 bytes, random at process start. */
  readonly bootId: Uint8Array;
  readonly sessionSeq: number;
  /** 32 bytes, random. */
  readonly nonce: Uint8Array;
  readonly label: string;
  /** Of this connection, from the transport. */
  readonly certificateSha256: Uint8Array;
  /** `#id=` of the relay's URL. */
  readonly identityPin: string | undefined;
}

/** The listener's side; see {@link HelloDialer}. */
export class HelloListener {
  readonly #options: HelloListenerOptions;
  #accepted: { readonly hello: Hello; readonly transcript: Uint8Array } | undefined;

  constructor(options: HelloListenerOptions) {
    this.#options = options;
  }

  /**
   * Answers a HELLO; nothing in it is proven yet.
   * @throws WireError `version_unsupported`
   */
  handleHello(hello: Hello): Challenge {
    requireMajor(hello.major);
    const { identity, bootId, nonce, certificateSha256 } = this.#options;
    const unsigned = { major: wireMajor, minor: wireMinor, identity: identity.publicKey, bootId, nonce };
    const transcript = helloTranscript(hello, unsigned, certificateSha256);
    this.#accepted = { hello, transcript };
    return {
      kind: 'challenge',
      ...unsigned,
      signature: identity.sign(signedBytes(`relay to ${hello.role}`, transcript)),
    };
  }

  /**
   * Checks the dialer's proof; what the returned HELLO says of identity, realm and names is signed now.
   * @throws WireError `bad_signature` or `unexpected_message`
   */
  handleProof(proof: Proof): Hello {
    if (this.#accepted === undefined) throw new WireError('unexpected_message', 'PROOF before HELLO');
    const { hello, transcript } = this.#accepted;
    requireSignature({
      publicKey: hello.identity,
      message: signedBytes(`${hello.role} to relay`, transcript),
      signature: proof.signature,
    });
    return hello;
  }
}

/** What a listener says of itself. */
export interface HelloListenerOptions {
  readonly identity: Identity;
  /** 16 bytes, random at process start. */
  readonly bootId: Uint8Array;
  /** 32 bytes, random, fresh per connection. */
  readonly nonce: Uint8Array;
  /** Of the certificate this connection was accepted with. */
  readonly certificateSha256: Uint8Array;
}

const textEncoder = new TextEncoder();

function requireMajor(major: number): void {
  if (major !== wireMajor) {
    throw new WireError(
      'version_unsupported',
      `the peer speaks wire version ${major}, this side ${wireMajor}`,
    );
  }
}

function requireSignature(parts: {
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}): void {
  if (!verifySignature(parts))
    throw new WireError('bad_signature', 'the signature in the HELLO does not fit');
}

function signedBytes(direction: string, transcript: Uint8Array): Uint8Array {
  return concatFields([textEncoder.encode(`macula hello 1 ${direction}`), transcript]);
}

/** Every field of both messages in fixed order, each with a u32be length in front. */
function helloTranscript(
  hello: Hello,
  challenge: Omit<Challenge, 'kind' | 'signature'>,
  certificateSha256: Uint8Array,
): Uint8Array {
  return concatFields([
    Uint8Array.of(hello.major >> 8, hello.major, hello.minor >> 8, hello.minor),
    Uint8Array.of(challenge.major >> 8, challenge.major, challenge.minor >> 8, challenge.minor),
    textEncoder.encode(hello.role),
    textEncoder.encode(hello.realm),
    textEncoder.encode(hello.label),
    hello.identity,
    hello.bootId,
    u64(hello.sessionSeq),
    hello.nonce,
    challenge.identity,
    challenge.bootId,
    challenge.nonce,
    certificateSha256,
    u64(hello.names.length),
    ...hello.names.map((name) => textEncoder.encode(name)),
  ]);
}

function concatFields(fields: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + 4 + field.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    view.setUint32(at, field.length);
    bytes.set(field, at + 4);
    at += 4 + field.length;
  }
  return bytes;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
