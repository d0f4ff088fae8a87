import { constantTimeEqual, hmacSha256, type Identity, identityId, verifySignature } from '@macula/crypto';
import { codeSentence } from './codes.js';
import { WireError } from './errors.js';
import { type NameClaim, signNameClaim, verifyNameClaim } from './name-claim.js';
import type { Challenge, Hello, Proof, SessionRole } from './session-messages.js';
import { concatFields, text, u64 } from './signed-fields.js';
import { requireMajor, standbyMinor, wireMajor, wireMinor } from './version.js';

/**
 * The mutual HELLO as two small state machines without effects: each side signs fixed bytes that contain its role, both
 * nonces, both identities and the fingerprint of this very connection's certificate, so that neither a replay nor a
 * relay in the middle passes. The signed bytes are laid out here, never re-encoded msgpack.
 *
 * Relays that share a mesh secret prove it to each other over the same bytes. An agent adds its realm token, which is signed
 * with the rest and sent only after the relay has proven itself, and the signature of its first {@link NameClaim}.
 *
 * Call order of {@link HelloDialer}: `hello` → send; `handleChallenge` → send its proof; wait for WELCOME.
 * Call order of {@link HelloListener}: `handleHello` → send its challenge; `handleProof`; send WELCOME.
 */
export class HelloDialer {
  /** The message to send first. */
  readonly hello: Hello;
  readonly #options: HelloDialerOptions;
  #isMeshSecretProven = false;

  constructor(options: HelloDialerOptions) {
    this.#options = options;
    this.hello = {
      kind: 'hello',
      major: wireMajor,
      minor: options.minor ?? wireMinor,
      role: options.role,
      realm: options.realm,
      names: options.names,
      identity: options.identity.publicKey,
      bootId: options.bootId,
      sessionSeq: options.sessionSeq,
      nonce: options.nonce,
      certificate: options.certificateSha256,
      label: options.label,
      ...(options.standby === true ? { standby: true } : {}),
    };
  }

  /** Whether the listener has proven the mesh secret; known after `handleChallenge`. */
  get isMeshSecretProven(): boolean {
    return this.#isMeshSecretProven;
  }

  /**
   * Checks the listener's proof and makes our own.
   * @throws WireError `version_unsupported`, `id_mismatch` or `bad_signature`
   */
  handleChallenge(challenge: Challenge): Proof {
    const { identity, identityPin, meshSecret, token } = this.#options;
    const { role } = this.hello;
    requireMajor(challenge.major, 'listener');
    if (this.hello.standby === true && challenge.minor < standbyMinor)
      throw new WireError('version_unsupported', 'the relay does not know standby sessions; update it');
    const relayId = usableId(challenge.identity);
    if (identityPin !== undefined && relayId !== identityPin)
      throw new WireError(
        'id_mismatch',
        codeSentence('id_mismatch', `the relay is ${relayId}, and its URL pins ${identityPin}`),
      );
    const transcript = helloTranscript(this.hello, challenge);
    requireSignature({
      publicKey: challenge.identity,
      message: signedBytes('listener', role, transcript),
      signature: challenge.signature,
    });
    this.#isMeshSecretProven = isMeshProof(meshSecret, challenge.meshProof, 'listener', transcript);
    const claim = claimOf(this.hello, challenge.identity);
    return {
      kind: 'proof',
      signature: identity.sign(signedBytes('dialer', role, transcript, token)),
      ...(token === undefined ? {} : { token }),
      ...(role === 'agent' ? { claim: signNameClaim(identity, claim) } : {}),
      // Only to who knows the secret: to a stranger it would be a way to ask whether a guess is right.
      ...(this.#isMeshSecretProven ? { meshProof: meshProof(meshSecret!, 'dialer', transcript) } : {}),
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
  /** The session stands by for another one of this process. Default false. */
  readonly standby?: boolean;
  /** Of this connection, from the transport. */
  readonly certificateSha256: Uint8Array;
  /** `#id=` of the relay's URL. */
  readonly identityPin: string | undefined;
  /** Token of the realm, for agents. */
  readonly token?: string | undefined;
  /** Secret of the mesh, for relays. */
  readonly meshSecret?: Uint8Array | undefined;
  /** Minor version to name. Default {@link wireMinor}. */
  readonly minor?: number;
}

/** What a dialer has proven. */
export interface ProvenHello {
  /** What it says of identity, realm and names is signed. */
  readonly hello: Hello;
  /** Token of the realm as the dialer sent it, unchecked. */
  readonly token: string | undefined;
  /** Of an agent: the names it wants, and its signature over that. */
  readonly claim: { readonly claim: NameClaim; readonly signature: Uint8Array } | undefined;
  /** Whether the dialer knows the mesh secret; false where this side has none. */
  readonly isMeshSecretProven: boolean;
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
   * @throws WireError `version_unsupported` or `channel_binding_mismatch`
   */
  handleHello(hello: Hello): Challenge {
    requireMajor(hello.major, 'dialer');
    const { identity, bootId, nonce, meshSecret, minor = wireMinor } = this.#options;
    this.#requireOwnCertificate(hello.certificate);
    const unsigned = { major: wireMajor, minor, identity: identity.publicKey, bootId, nonce };
    const transcript = helloTranscript(hello, unsigned);
    this.#accepted = { hello, transcript };
    const isMeshProofDue = hello.role === 'relay' && meshSecret !== undefined;
    return {
      kind: 'challenge',
      ...unsigned,
      signature: identity.sign(signedBytes('listener', hello.role, transcript)),
      ...(isMeshProofDue ? { meshProof: meshProof(meshSecret, 'listener', transcript) } : {}),
    };
  }

  /**
   * Checks the dialer's proof.
   * @throws WireError `bad_signature` or `unexpected_message`
   */
  handleProof(proof: Proof): ProvenHello {
    if (this.#accepted === undefined) throw new WireError('unexpected_message', 'PROOF before HELLO');
    const { hello, transcript } = this.#accepted;
    const { identity, meshSecret } = this.#options;
    requireSignature({
      publicKey: hello.identity,
      message: signedBytes('dialer', hello.role, transcript, proof.token),
      signature: proof.signature,
    });
    const isMeshSecretProven =
      hello.role === 'relay' && isMeshProof(meshSecret, proof.meshProof, 'dialer', transcript);
    return {
      hello,
      token: proof.token,
      claim: provenClaim(hello, proof, identity.publicKey),
      isMeshSecretProven,
    };
  }

  #requireOwnCertificate(certificate: Uint8Array): void {
    const { certificateSha256, publicCertificates = [] } = this.#options;
    const isOwn = [certificateSha256, ...publicCertificates].some((own) =>
      constantTimeEqual(own, certificate),
    );
    if (isOwn) return;
    throw new WireError(
      'channel_binding_mismatch',
      codeSentence(
        'channel_binding_mismatch',
        'the certificate that the dialer saw is not one of this relay, so something in between ends TLS',
      ),
    );
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
  /** Fingerprints of proxies of the operator's that end TLS in front of this relay; default none. */
  readonly publicCertificates?: readonly Uint8Array[];
  /** Secret of the mesh; default none. */
  readonly meshSecret?: Uint8Array | undefined;
  /** Minor version to name. Default {@link wireMinor}. */
  readonly minor?: number;
}

function requireSignature(parts: {
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}): void {
  usableId(parts.publicKey);
  if (!verifySignature(parts))
    throw new WireError('bad_signature', 'the signature in the HELLO does not fit');
}

/** The id of a key from the other side, of which a low-order one would sign everything. */
function usableId(publicKey: Uint8Array): string {
  try {
    return identityId(publicKey);
  } catch (cause) {
    throw new WireError('bad_signature', 'the key in the HELLO is unusable', { cause });
  }
}

/** The claim that a HELLO is. */
function claimOf(hello: Hello, relay: Uint8Array): NameClaim {
  const { realm, identity, bootId, sessionSeq, names, standby } = hello;
  const claim = { realm, identity, bootId, sessionSeq, claimSeq: 0, relay, names };
  return standby === true ? { ...claim, standby } : claim;
}

function provenClaim(hello: Hello, proof: Proof, relay: Uint8Array): ProvenHello['claim'] {
  if (hello.role !== 'agent') return undefined;
  const claim = claimOf(hello, relay);
  if (proof.claim === undefined || !verifyNameClaim(claim, proof.claim))
    throw new WireError('bad_signature', 'the signature over the names does not fit');
  return { claim, signature: proof.claim };
}

/** Who signs, and whom the dialer says to be: no signature fits at another place. */
function signedBytes(
  side: 'dialer' | 'listener',
  role: SessionRole,
  transcript: Uint8Array,
  token = '',
): Uint8Array {
  return concatFields([text(`macula hello 2 ${side} of ${role}`), transcript, text(token)]);
}

function meshProof(secret: Uint8Array, side: 'dialer' | 'listener', transcript: Uint8Array): Uint8Array {
  return hmacSha256(secret, [concatFields([text(`macula mesh 2 ${side}`), transcript])]);
}

function isMeshProof(
  secret: Uint8Array | undefined,
  proof: Uint8Array | undefined,
  side: 'dialer' | 'listener',
  transcript: Uint8Array,
): boolean {
  if (secret === undefined || proof === undefined) return false;
  return constantTimeEqual(proof, meshProof(secret, side, transcript));
}

/** Every field of both messages in fixed order, each with a u32be length in front. */
function helloTranscript(
  hello: Hello,
  challenge: Omit<Challenge, 'kind' | 'signature' | 'meshProof'>,
): Uint8Array {
  return concatFields([
    Uint8Array.of(hello.major >> 8, hello.major, hello.minor >> 8, hello.minor),
    Uint8Array.of(challenge.major >> 8, challenge.major, challenge.minor >> 8, challenge.minor),
    text(hello.role),
    text(hello.realm),
    text(hello.label),
    hello.identity,
    hello.bootId,
    u64(hello.sessionSeq),
    hello.nonce,
    challenge.identity,
    challenge.bootId,
    challenge.nonce,
    hello.certificate,
    u64(hello.names.length),
    ...hello.names.map(text),
  ]);
}
