import { concatBytes, lengthPrefixed, uint32, utf8Bytes } from '../bytes.js';

/**
 * Who a tunnel is between, as this side knows it: its own configured name, and the peer's name it asked for or was
 * asked by. A relay that connects the wrong nodes makes the two sides' parties differ, and the handshake fails.
 */
export interface Parties {
  /** Routing scope. */
  readonly realm: string;
  /** Node name of the side that sent the OPEN. */
  readonly initiatorName: string;
  /** Node name of the other side. */
  readonly responderName: string;
}

/**
 * CI of CPace: purpose, realm and both names, each after its length.
 *
 * @param parties - as this side knows them.
 */
export function channelIdentifier({ realm, initiatorName, responderName }: Parties): Uint8Array {
  return lengthPrefixed(['macula-tunnel cpace', realm, initiatorName, responderName].map(utf8Bytes));
}

/**
 * Prologue of the Noise handshake, each part after its length: "macula-tunnel", versions offered, kind, realm,
 * initiator's name, responder's name, tunnel id, epoch.
 *
 * @param input - the parts; `tunnelId` is both halves.
 */
export function noisePrologue(input: {
  readonly versions: Uint8Array;
  readonly kind: number;
  readonly parties: Parties;
  readonly tunnelId: Uint8Array;
  readonly epoch: number;
}): Uint8Array {
  const { realm, initiatorName, responderName } = input.parties;
  return lengthPrefixed([
    utf8Bytes('macula-tunnel'),
    input.versions,
    Uint8Array.of(input.kind),
    utf8Bytes(realm),
    utf8Bytes(initiatorName),
    utf8Bytes(responderName),
    input.tunnelId,
    uint32(input.epoch),
  ]);
}

/**
 * The tunnel id of its two halves.
 *
 * @param halves - 16 bytes each.
 */
export function joinTunnelId(halves: {
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
}): Uint8Array {
  return concatBytes([halves.initiator, halves.responder]);
}
