import { cpaceShareBytes, noiseOverheadBytes } from '@macula/crypto';
import { concatBytes, readUint32, uint32 } from '../bytes.js';
import { TunnelError } from '../errors.js';
import { handshakeBytesMax, offeredVersionsMax, tunnelIdBytes, tunnelIdHalfBytes } from '../limits.js';

/**
 * What an initiator puts into OPEN. Fixed layout, integers big-endian; n is the number of versions:
 *
 *     0           versions listed, n (1 to 16)
 *     1           n versions, one byte each, best first; 1 is never among them
 *     1 + n       kind: 1
 *     2 + n       epoch u32: 0
 *     6 + n       initiator's half of the tunnel id (16)
 *     22 + n      Ya: the initiator's CPace share (32)
 *     54 + n      ignored, for later versions; bound by CPace like all of the offer
 *
 * The offer of another path for a tunnel:
 *
 *     0           versions, as above
 *     1 + n       kind: 2
 *     2 + n       epoch u32, 1 or more
 *     6 + n       tunnel id (32)
 *     38 + n      Noise message 1 (48)
 *
 * What a responder that waits for another path sends to the initiator, as an OPEN that is never answered by OPEN_OK:
 *
 *     0           versions, as above
 *     1 + n       kind: 3
 *     2 + n       epoch u32: 0
 *     6 + n       tunnel id (32)
 *
 * Protocol 1 has an offer of its own, so that no change of bytes turns one into the other unnoticed:
 *
 *     0           0: nothing to choose from
 *     1           1: protocol 1
 *     2           initiator's half of the tunnel id (16)
 */
export type Offer = FirstOffer | AttachOffer | HintOffer | EnvelopeOffer;

/** Offer of a new tunnel, protocol 2 or later. */
export interface FirstOffer {
  readonly kind: 'first';
  /** As listed, best first. */
  readonly versions: Uint8Array;
  readonly epoch: number;
  readonly idHalf: Uint8Array;
  /** Ya, not yet checked to be a group element. */
  readonly share: Uint8Array;
}

/** Offer of another path for a tunnel of protocol 2 or later. */
export interface AttachOffer {
  readonly kind: 'attach';
  /** As listed, best first. */
  readonly versions: Uint8Array;
  readonly epoch: number;
  readonly tunnelId: Uint8Array;
  readonly message1: Uint8Array;
}

/** Asks the initiator of a tunnel to look for another path. Nothing of it is proven. */
export interface HintOffer {
  readonly kind: 'hint';
  /** As listed, best first. */
  readonly versions: Uint8Array;
  readonly epoch: number;
  readonly tunnelId: Uint8Array;
}

/** Offer of a protocol 1 tunnel. */
export interface EnvelopeOffer {
  readonly kind: 'envelope';
  readonly idHalf: Uint8Array;
}

/** Number of each kind of offer in protocol 2; it goes into the Noise prologue too. */
export const offerKinds = { first: 1, attach: 2, hint: 3 } as const;

/**
 * An offer as bytes.
 *
 * @param offer - sizes as the layout says.
 */
export function encodeOffer(offer: Offer): Uint8Array {
  if (offer.kind === 'envelope') return concatBytes([envelopeOfferHead, offer.idHalf]);
  return concatBytes([
    Uint8Array.of(offer.versions.length),
    offer.versions,
    Uint8Array.of(offerKinds[offer.kind]),
    uint32(offer.epoch),
    ...bodyOf(offer),
  ]);
}

function bodyOf(offer: Exclude<Offer, EnvelopeOffer>): readonly Uint8Array[] {
  if (offer.kind === 'first') return [offer.idHalf, offer.share];
  return offer.kind === 'hint' ? [offer.tunnelId] : [offer.tunnelId, offer.message1];
}

/**
 * The offer in bytes from a peer.
 *
 * @param bytes - the whole offer.
 * @throws TunnelError `bad_offer`.
 */
export function decodeOffer(bytes: Uint8Array): Offer {
  if (bytes.length > handshakeBytesMax) throw new TunnelError('bad_offer', 'offer too long');
  const count = bytes[0];
  if (count === 0) return decodeEnvelopeOffer(bytes);
  if (count === undefined || count > offeredVersionsMax || bytes.length < 6 + count) {
    throw new TunnelError('bad_offer', 'offer too short, or too many versions');
  }
  const kind = bytes[1 + count];
  const epoch = readUint32(bytes, 2 + count);
  if (kind === offerKinds.attach) return decodeAttachOffer(bytes, count, epoch);
  if (kind === offerKinds.hint) return decodeHintOffer(bytes, count, epoch);
  const shareAt = 6 + count + tunnelIdHalfBytes;
  if (kind !== offerKinds.first || epoch !== 0 || bytes.length < shareAt + cpaceShareBytes) {
    throw new TunnelError('bad_offer', 'offer is not one of a first tunnel');
  }
  return {
    kind: 'first',
    versions: bytes.slice(1, 1 + count),
    epoch,
    idHalf: bytes.slice(6 + count, shareAt),
    share: bytes.slice(shareAt, shareAt + cpaceShareBytes),
  };
}

function decodeAttachOffer(bytes: Uint8Array, count: number, epoch: number): AttachOffer {
  const messageAt = 6 + count + tunnelIdBytes;
  if (epoch === 0 || bytes.length !== messageAt + noiseOverheadBytes) {
    throw new TunnelError('bad_offer', `attach offer of ${bytes.length} bytes, epoch ${epoch}`);
  }
  return {
    kind: 'attach',
    versions: bytes.slice(1, 1 + count),
    epoch,
    tunnelId: bytes.slice(6 + count, messageAt),
    message1: bytes.slice(messageAt),
  };
}

function decodeHintOffer(bytes: Uint8Array, count: number, epoch: number): HintOffer {
  const end = 6 + count + tunnelIdBytes;
  if (epoch !== 0 || bytes.length !== end)
    throw new TunnelError('bad_offer', `hint of ${bytes.length} bytes`);
  return { kind: 'hint', versions: bytes.slice(1, 1 + count), epoch, tunnelId: bytes.slice(6 + count) };
}

function decodeEnvelopeOffer(bytes: Uint8Array): EnvelopeOffer {
  if (bytes[1] !== 1 || bytes.length !== 2 + tunnelIdHalfBytes) {
    throw new TunnelError('bad_offer', 'offer without versions');
  }
  return { kind: 'envelope', idHalf: bytes.slice(2) };
}

const envelopeOfferHead = Uint8Array.of(0, 1);

/** What this version offers, best first. Protocol 1 is never offered. */
export const offeredVersions: Uint8Array = Uint8Array.of(2);
