import type { RandomSource } from '@macula/crypto';
import type { AttachKeys } from '../attach/attach-keys.js';
import type { Channel } from '../channel/channel.js';
import type { Parties } from './context.js';

/** What both sides' handshakes need. */
export interface HandshakeOptions {
  /** 2, or 1 where both ends are configured so. */
  readonly protocol: 1 | 2;
  /** As this side knows them. */
  readonly parties: Parties;
  /** SHA-256("macula-dist-tunnel:" ++ cookie), 32 bytes. */
  readonly tunnelKey: Uint8Array;
  /** Source of id half, CPace scalar, Noise ephemeral and, in protocol 1, nonces. */
  readonly random: RandomSource;
  /** Records under one key, equal at both ends. Default: 2^20. */
  readonly rekeyEveryRecords?: number;
}

/** What a finished handshake gives the tunnel. That the peer has the key too is shown by its first record only. */
export interface Established {
  /** Initiator's half, then responder's: 32 bytes. */
  readonly tunnelId: Uint8Array;
  /** The path's sealed stream. */
  readonly channel: Channel;
  /** Bytes to be sent before the first record; the responder has none. */
  readonly greeting: readonly Uint8Array[];
  /** The responder's boot id; only the initiator learns one. */
  readonly peerBootId: Uint8Array | undefined;
  /** What further paths of the tunnel are attached with: of a first handshake of protocol 2. */
  readonly attachKeys?: AttachKeys;
}
