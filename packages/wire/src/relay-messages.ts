import { WireError } from './errors.js';
import {
  filterBytesMax,
  filterPartBytesMax,
  ownedAgeMsMax,
  ownedEntryBytesMax,
  ownedOriginsMax,
  swimMessageBytesMax,
} from './limits.js';
import type { MessageDecoders } from './message-decoders.js';

/** What relays say to each other on the control stream of their peering. */
export type RelayMessage = Owned | OwnedHave | Swim | Filter | FilterDelta | FilterVersion | FilterAsk;

/** Relay ↔ relay: one entry of what a relay says of its sessions' names, passed on as its origin signed it; see `OwnedEntry`. */
export interface Owned {
  readonly kind: 'owned';
  /** Ed25519 public key of the relay that says it, 32 bytes. */
  readonly origin: Uint8Array;
  readonly epoch: number;
  readonly version: number;
  /**
   * Of all that the origin said behind this version and before the entry's own, nothing is in force. The sender says so, not the origin, whose
   * signs of life tell whether it is true.
   */
  readonly from: number;
  /** Milliseconds since the sender learned it; at most `ownedAgeMsMax`. */
  readonly ageMs: number;
  readonly entry: Uint8Array;
  /** Of the origin, 64 bytes. */
  readonly signature: Uint8Array;
  /** The answer to OWNED_HAVE is cut here: ask again for the rest. */
  readonly more: boolean;
}

/**
 * Relay ↔ relay: how much of what these relays said is known here; answered with OWNED for what is missing. Three lists of the same
 * length, one element of each per relay.
 */
export interface OwnedHave {
  readonly kind: 'owned_have';
  /** Ed25519 public keys, 32 bytes each. */
  readonly origins: readonly Uint8Array[];
  /** 0 when nothing is known. */
  readonly epochs: readonly number[];
  /** Everything up to these versions is known. */
  readonly versions: readonly number[];
}

/** Relay ↔ relay: one message of the membership protocol. */
export interface Swim {
  readonly kind: 'swim';
  /** As `@macula/swim` encodes it. */
  readonly message: Uint8Array;
}

/** Relay → relay: a piece of the routing filter of the names that the sender's sessions have. The pieces follow each other. */
export interface Filter {
  readonly kind: 'filter';
  /** Tells filters apart that were made with different filter keys, 8 bytes. */
  readonly keyId: Uint8Array;
  /** Bytes of the filter before this piece; 0 begins a filter. */
  readonly offset: number;
  /** Bytes of the whole filter. */
  readonly total: number;
  /** A piece of the filter as `@macula/bloom` encodes it. */
  readonly part: Uint8Array;
}

/** Relay → relay: what has changed in that filter. */
export interface FilterDelta {
  readonly kind: 'filter_delta';
  /** As `@macula/bloom` encodes it. */
  readonly delta: Uint8Array;
}

/** Relay → relay, now and then: the last version of that filter, so that it is noticed when something was left out. */
export interface FilterVersion {
  readonly kind: 'filter_version';
  readonly epoch: number;
  readonly version: number;
}

/** Relay → relay: send me your whole filter; something is missing here. */
export interface FilterAsk {
  readonly kind: 'filter_ask';
}

/** Decoders of these messages, by kind. */
export const relayDecoders: MessageDecoders<RelayMessage> = {
  owned: (f) => ({
    kind: 'owned',
    origin: f.bytes('origin', 32),
    epoch: f.count('epoch'),
    version: f.count('version'),
    from: f.count('from'),
    ageMs: f.count('ageMs', ownedAgeMsMax),
    entry: f.bytesUpTo('entry', ownedEntryBytesMax),
    signature: f.bytes('signature', 64),
    more: f.flag('more'),
  }),
  owned_have: (f) => {
    const origins = f.bytesList('origins', ownedOriginsMax, 32);
    const epochs = f.counts('epochs', ownedOriginsMax);
    const versions = f.counts('versions', ownedOriginsMax);
    if (epochs.length !== origins.length || versions.length !== origins.length)
      throw new WireError('bad_field', 'origins, epochs and versions are not of one length');
    return { kind: 'owned_have', origins, epochs, versions };
  },
  swim: (f) => ({ kind: 'swim', message: f.bytesUpTo('message', swimMessageBytesMax) }),
  filter: (f) => {
    const total = f.count('total', filterBytesMax);
    const offset = f.count('offset', filterBytesMax);
    const part = f.bytesUpTo('part', filterPartBytesMax);
    if (offset + part.length > total) throw new WireError('bad_field', 'part ends behind total');
    return { kind: 'filter', keyId: f.bytes('keyId', 8), offset, total, part };
  },
  filter_delta: (f) => ({ kind: 'filter_delta', delta: f.bytesUpTo('delta', filterPartBytesMax) }),
  filter_version: (f) => ({ kind: 'filter_version', epoch: f.count('epoch'), version: f.count('version') }),
  filter_ask: () => ({ kind: 'filter_ask' }),
};
