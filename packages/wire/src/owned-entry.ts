import { hmacSha256, type Identity, verifySignature } from '@macula/crypto';
import { decodeBody, encodeBody } from './body.js';
import { WireError } from './errors.js';
import { Fields } from './fields.js';
import {
  namesPerSessionMax,
  nodeNameBytesMax,
  ownedEntryBytesMax,
  realmBytesMax,
  visitedRelaysMax,
} from './limits.js';
import type { NameClaim } from './name-claim.js';
import { concatFields, text, u64 } from './signed-fields.js';

/**
 * What a relay says of the names its own sessions own, and of itself. A relay numbers its entries (epoch, version) and signs each as
 * sent; others keep and pass on the bytes, so that everybody can check who said it:
 *
 * ```text
 *   OWNED  = origin | epoch | version | entry bytes | signature of the origin
 *   entry  = msgpack map with "kind": claim | release | beat | neighbours | conflict
 *   beat   = … | digest of the versions of all claims in force, so that nobody can leave out or bring back a claim for longer
 *   claim  = … | names as the agent signed them | since when each is owned (0: not given) | signature of the agent
 * ```
 */
export type OwnedEntry = OwnedClaim | OwnedRelease | OwnedBeat | OwnedNeighbours | OwnedConflict;

/** What a session owns from now on; takes the place of what was said of that session before. */
export interface OwnedClaim {
  readonly kind: 'claim';
  /** Number of the session at its relay, never used again within an epoch; 1 or more. */
  readonly session: number;
  readonly realm: string;
  /** Ed25519 public key of the agent, 32 bytes. */
  readonly identity: Uint8Array;
  /** Of the agent's process, 16 bytes. */
  readonly bootId: Uint8Array;
  readonly sessionSeq: number;
  readonly claimSeq: number;
  /** As the agent signed them. */
  readonly names: readonly string[];
  /** For each of the names: since when its identity owns it, in milliseconds since 1970; 0 where it was not given. */
  readonly since: readonly number[];
  /** The agent's over the {@link NameClaim}, 64 bytes. */
  readonly claim: Uint8Array;
}

/** The session owns nothing any more. */
export interface OwnedRelease {
  readonly kind: 'release';
  readonly session: number;
  /** Milliseconds that its names stay reserved for its identity; 0 after GOODBYE. */
  readonly keepMs: number;
}

/** The relay lives, and says which claims are in force. */
export interface OwnedBeat {
  readonly kind: 'beat';
  /** {@link claimsDigest} of its claims in force when it said so, 16 bytes. */
  readonly digest: Uint8Array;
}

/** The relays that this one is connected with: they have its entries from itself. */
export interface OwnedNeighbours {
  readonly kind: 'neighbours';
  /** The first 8 bytes of their identities, one behind the other. */
  readonly relays: Uint8Array;
}

/** This relay's session of the same identity has answered after the newcomer claimed its name: two hosts use one key. */
export interface OwnedConflict {
  readonly kind: 'conflict';
  readonly realm: string;
  readonly identity: Uint8Array;
  /** The newcomer's. */
  readonly bootId: Uint8Array;
  readonly sessionSeq: number;
}

/** An entry with its place among those of its origin. */
export interface OwnedPlace {
  /** Ed25519 public key of the relay that says it, 32 bytes. */
  readonly origin: Uint8Array;
  /** Higher with each start of that relay. */
  readonly epoch: number;
  /** 1 and up within the epoch. */
  readonly version: number;
}

/** An entry as bytes. */
export function encodeOwnedEntry(entry: OwnedEntry): Uint8Array {
  return encodeBody({ ...entry });
}

/**
 * The entry in these bytes; undefined for a kind that this version doesn't know.
 * @throws WireError `bad_body` or `bad_field`
 */
export function decodeOwnedEntry(bytes: Uint8Array): OwnedEntry | undefined {
  if (bytes.length > ownedEntryBytesMax) throw new WireError('bad_body', 'the entry is too long');
  const body = decodeBody(bytes);
  const decode = Object.hasOwn(decoders, String(body.kind))
    ? decoders[body.kind as OwnedEntry['kind']]
    : undefined;
  return decode?.(new Fields(body));
}

/** Signs an entry; 64 bytes. */
export function signOwned(identity: Identity, place: OwnedPlace, entry: Uint8Array): Uint8Array {
  return identity.sign(ownedBytes(place, entry));
}

/**
 * Whether its origin signed the entry.
 * @throws CryptoError `bad_key` when the origin is not a usable key
 */
export function verifyOwned(place: OwnedPlace, entry: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature({ publicKey: place.origin, message: ownedBytes(place, entry), signature });
}

/** What the agent must have signed for this to be true at that relay. */
export function claimOfOwned(entry: OwnedClaim, relay: Uint8Array): NameClaim {
  const { realm, identity, bootId, sessionSeq, claimSeq, names } = entry;
  return { realm, identity, bootId, sessionSeq, claimSeq, relay, names };
}

/** What tells one set of claims of an origin's life from another: 16 bytes over their versions as u64be, which must ascend. */
export function claimsDigest(versions: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * versions.length));
  for (const [index, version] of versions.entries()) {
    view.setUint32(8 * index, Math.floor(version / 2 ** 32));
    view.setUint32(8 * index + 4, version % 2 ** 32);
  }
  const bytes = new Uint8Array(view.buffer);
  return hmacSha256(text('macula owned claims'), [bytes]).subarray(0, claimsDigestBytes);
}

/** Bytes of all names together, as a relay counts them against `nameBytesPerSessionMax`. */
export function nameBytesOf(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + text(name).length, 0);
}

/** Half of a SHA-256: who could find two sets with one digest needs 2^64 tries, and claims of the same relay for each. */
const claimsDigestBytes = 16;

const decoders: { readonly [Kind in OwnedEntry['kind']]: (fields: Fields) => OwnedEntry } = {
  claim: (f) => {
    const names = f.texts('names', namesPerSessionMax, nodeNameBytesMax);
    const since = f.counts('since', namesPerSessionMax);
    if (since.length !== names.length) throw new WireError('bad_field', 'not one "since" for each name');
    return {
      kind: 'claim',
      session: sessionNumber(f),
      realm: f.text('realm', realmBytesMax),
      identity: f.bytes('identity', 32),
      bootId: f.bytes('bootId', 16),
      sessionSeq: f.count('sessionSeq'),
      claimSeq: f.count('claimSeq'),
      names,
      since,
      claim: f.bytes('claim', 64),
    };
  },
  release: (f) => ({ kind: 'release', session: sessionNumber(f), keepMs: f.count('keepMs', 15_000) }),
  beat: (f) => ({ kind: 'beat', digest: f.bytes('digest', claimsDigestBytes) }),
  neighbours: (f) => ({ kind: 'neighbours', relays: f.bytesOf('relays', 8, visitedRelaysMax) }),
  conflict: (f) => ({
    kind: 'conflict',
    realm: f.text('realm', realmBytesMax),
    identity: f.bytes('identity', 32),
    bootId: f.bytes('bootId', 16),
    sessionSeq: f.count('sessionSeq'),
  }),
};

function sessionNumber(fields: Fields): number {
  const session = fields.count('session');
  if (session === 0) throw new WireError('bad_field', 'field "session" must be 1 or more');
  return session;
}

/** Fixed layout: every field with a u32be length in front, in this order. */
function ownedBytes({ origin, epoch, version }: OwnedPlace, entry: Uint8Array): Uint8Array {
  return concatFields([text('macula owned 2'), origin, u64(epoch), u64(version), entry]);
}
