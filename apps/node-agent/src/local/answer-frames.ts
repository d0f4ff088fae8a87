/**
 * What the agent answers on the local socket of an outgoing tunnel, each in a frame `u16be length | body`:
 *
 * ```text
 *   "p"                       progress, at least every 2 s
 *   "o" tunnelId:32           up; raw bytes of the distribution connection follow in both directions
 *   "e" ETF {Reason, Text}    failed; the end of the socket follows
 * ```
 */

import { atom, binary, encodeTerm, tuple } from '@macula/dist-protocol';
import { clipText } from '../control/encode.js';
import { frame } from '../control/frame-reader.js';
import type { LocalReason } from '../service/reasons.js';

/** The `"p"` frame. */
export function progressFrame(): Buffer {
  return frame(2, Buffer.from('p'));
}

/** The `"o"` frame. */
export function openFrame(tunnelId: Uint8Array): Buffer {
  return frame(2, Buffer.concat([Buffer.from('o'), tunnelId]));
}

/** The `"e"` frame. */
export function errorFrame(reason: LocalReason, text: string): Buffer {
  return frame(2, Buffer.concat([Buffer.from('e'), encodeTerm(tuple(atom(reason), binary(clipText(text))))]));
}

/** The first frame on a socket that the agent dials: `token:32 | tunnelId:32`. */
export function incomingFrame(token: Uint8Array, tunnelId: Uint8Array): Buffer {
  return frame(2, Buffer.concat([token, tunnelId]));
}
