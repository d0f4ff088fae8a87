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
 * | `open` | both READY | local close: `draining`; the path's loss: `detached`; everything else: `closing` |
 * | `detached` | the path is lost or doubted, and the tunnel resumes | another path, or the old one: `open`; else as `open`, or the window's end: `closed` |
 * | `draining` | the local socket closed; what it wrote still goes out, then END | END answered: `closing`; the window's end: `closed` |
 * | `closing` | `end`, a failure, or the peer's END | END from both sides and the path's end, or 1 s: `closed`; the window's end |
 * | `closed` | all is over, from any state | never |
 *
 * `draining` and `closing` look for another path too, and don't show it here. Where the tunnel doesn't resume, the loss of
 * the path ends every state, and END isn't answered: `closing` lasts 1 s at most.
 */
export type TunnelState =
  | 'offering'
  | 'answering'
  | 'confirming'
  | 'confirmed'
  | 'open'
  | 'detached'
  | 'draining'
  | 'closing'
  | 'closed';

/** What a {@link TunnelState} is but for the path: `detached` is `open`. */
export type LifeState = Exclude<TunnelState, 'detached'>;

/** States in which records are opened; `closing` only for the answer to END. */
export type ReceivingState = 'confirming' | 'confirmed' | 'open' | 'draining' | 'closing';

/** What happens with a record: taken, dropped without effect, or the tunnel ends `unexpected_record`. */
export type Permission = 'take' | 'drop' | 'refuse';

/**
 * Every record in every state that opens records, on the active path. READY comes first and once; only END may overtake
 * it. ATTACH and GONE are first on an attached path, before it is active.
 */
export const permissions: Readonly<Record<RecordKind, Readonly<Record<ReceivingState, Permission>>>> = {
  ready: { confirming: 'take', confirmed: 'refuse', open: 'refuse', draining: 'refuse', closing: 'drop' },
  data: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'drop', closing: 'drop' },
  fin: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'drop', closing: 'drop' },
  ack: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'take', closing: 'drop' },
  ping: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'take', closing: 'drop' },
  pong: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'take', closing: 'drop' },
  end: { confirming: 'take', confirmed: 'take', open: 'take', draining: 'take', closing: 'take' },
  attach: { confirming: 'refuse', confirmed: 'refuse', open: 'refuse', draining: 'refuse', closing: 'drop' },
  gone: { confirming: 'refuse', confirmed: 'refuse', open: 'refuse', draining: 'refuse', closing: 'drop' },
  relays: { confirming: 'refuse', confirmed: 'refuse', open: 'take', draining: 'take', closing: 'drop' },
};

/**
 * Whether the local side is over in a state: `ended` was put out.
 *
 * @param state - any state.
 */
export function isEnded(state: TunnelState): boolean {
  return state === 'draining' || state === 'closing' || state === 'closed';
}
