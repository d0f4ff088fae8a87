import type { HandshakeError } from './errors.js';

/** What a node tells of itself. */
export interface HandshakePeer {
  /** Its name, `name@host`. */
  readonly name: string;
  /** Tells apart two lives of one name, 32 bits. */
  readonly creation: number;
  /** What it can do; see `DistFlag`. */
  readonly flags: bigint;
}

/** What an acceptor answers once it knows who calls. */
export type AcceptDecision =
  | {
      /**
       * `ok`: go on. `ok_simultaneous`: go on, the own attempt to the same node is given up. `alive`: there is a connection with it,
       * the initiator decides whether that one is dead.
       */
      readonly status: 'ok' | 'ok_simultaneous' | 'alive';
      /** The cookie for this node. */
      readonly cookie: Uint8Array;
    }
  /** `nok`: the own attempt goes on instead. `not_allowed`: no connection with this node. */
  | { readonly status: 'nok' | 'not_allowed' }
  | {
      /** Only for `name_wanted`: go on under this name. */
      readonly status: 'named';
      /** A name of the node's host that no other node has. */
      readonly name: string;
      /** 32 bits, and another one for each life of the name. */
      readonly creation: number;
      /** The cookie for this node. */
      readonly cookie: Uint8Array;
    };

/** What a `Handshake` says. */
export type HandshakeOutput =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Acceptor: answer with `Handshake.decide`. */
  | { readonly kind: 'peer_named'; readonly peer: HandshakePeer }
  /**
   * Acceptor that gives names: a node of this host has none and wants one. Answer with `Handshake.decide`, `named` or
   * `not_allowed`.
   */
  | { readonly kind: 'name_wanted'; readonly host: string; readonly flags: bigint }
  /** Initiator: the peer holds another connection with this node for alive. Answer with `Handshake.answerAlive`. */
  | { readonly kind: 'peer_alive' }
  /** Both know the cookie. */
  | {
      readonly kind: 'connected';
      readonly peer: HandshakePeer;
      /** Who this node is to the peer: as it was told to be, or by the name that the peer gave. */
      readonly local: HandshakePeer;
      /** What both can do; without `published` each is hidden to the other. */
      readonly flags: bigint;
      /** What came behind the handshake, and belongs to the channel. */
      readonly rest: Uint8Array;
    }
  /** The connection must be closed. */
  | { readonly kind: 'failed'; readonly error: HandshakeError };

/** This node's side of a handshake. */
export interface HandshakeOptions {
  /** Who this node says it is. */
  readonly local: HandshakePeer;
  /** 32 random bits. */
  readonly challenge: number;
  /** Milliseconds for the whole handshake. Default 7,000, as `net_setuptime`. */
  readonly timeoutMs?: number;
}

/** Of the side that dials. */
export interface InitiatorOptions extends HandshakeOptions {
  /** Whom it dials: another name is an error. */
  readonly peerName: string;
  /** The cookie for that node. */
  readonly cookie: Uint8Array;
  /**
   * This node has no name and takes the one that the peer gives it, as with `-name undefined@host`: `local.name` is its host alone, and
   * `local.creation` is not used. Such a node is hidden. Default false.
   */
  readonly wantsName?: boolean;
}

/** Of the side that is dialled. */
export interface AcceptorOptions extends HandshakeOptions {
  /** Gives names to nodes that have none, which it says by `name_wanted`; else they are not allowed. Default false. */
  readonly givesNames?: boolean;
}
