import type { RecordKind } from './record-codec.js';

/**
 * Where a tunnel stands.
 *
 * | state | entered by | left by |
 * |---|---|---|
 * | `offering` | initiator: `Tunnel.initiate` | the answer: `confirming` |
 * | `answering` | responder: `Tunnel.respond` | the end of Noise message 2: `confirming` |
 * | `confirming` | keys exist; the peer has not shown that it has them | its READY: `open` (initiator), `confirmed` (responder) |
 * | `confirmed` | responder: the initiator's READY | `localReady`: `open` |
 * | `open` | both READY | local close: `draining`; everything else: `closing` |
 * | `draining` | the local socket closed; what it wrote still goes out, then END | the path's end: `closed` |
 * | `closing` | `end`, a failure, or the peer's END | END sent and the path's end, or 1 s: `closed` |
 * | `closed` | the path is over, from any state | never |
 */
export type TunnelState =
  | 'offering'
  | 'answering'
  | 'confirming'
  | 'confirmed'
  | 'open'
  | 'draining'
  | 'closing'
  | 'closed';

/** States in which records are opened. */
export type ReceivingState = 'confirming' | 'confirmed' | 'open' | 'draining';

/** What happens with a record: taken, dropped without effect, or the tunnel ends `unexpected_record`. */
export type Permission = 'take' | 'drop' | 'refuse';

/** Every record in every state that opens records. READY comes first and once; only END may overtake it. */
export const permissions: Readonly<Record<RecordKind, Readonly<Record<ReceivingState, Permission>>>> = {
  ready: { confirming: 'take', confirmed: 'refuse', open: 'refuse', draining: 'refuse' },
  data: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'drop' },
  fin: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'drop' },
  ack: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'take' },
  ping: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'take' },
  pong: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'take' },
  end: { confirming: 'take', confirmed: 'take', open: 'take', draining: 'take' },
};

/**
 * Whether records are opened in a state.
 *
 * @param state - any state.
 */
export function isReceiving(state: TunnelState): state is ReceivingState {
  return state === 'confirming' || state === 'confirmed' || state === 'open' || state === 'draining';
}

/**
 * Whether the local side is over in a state: `ended` was put out.
 *
 * @param state - any state.
 */
export function isEnded(state: TunnelState): boolean {
  return state === 'draining' || state === 'closing' || state === 'closed';
}
