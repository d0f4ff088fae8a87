import { WireError } from '@macula/wire';
import { MeshError } from './errors.js';
import { openPauseMs } from './limits.js';

/**
 * Whether OPENs to a relay pause, because it has just said that they come too fast: an honest node that tries names in a loop is to
 * be refused here, at no cost for the relay, and not to be taken for an attacker there.
 */
export class OpenPause {
  #untilMs = 0;
  #why: MeshError | undefined;

  /** An OPEN has failed. */
  note(error: MeshError | WireError, nowMs: number): void {
    if (error instanceof WireError) return;
    if (error.wireCode !== 'open_rate' && error.wireCode !== 'stream_limit') return;
    this.#untilMs = nowMs + openPauseMs;
    this.#why = error;
  }

  /** Why an OPEN can't be sent now, in the words of the relay; undefined: it can. */
  refusal(nowMs: number): MeshError | undefined {
    if (this.#why === undefined || nowMs >= this.#untilMs) return undefined;
    return new MeshError(this.#why.code, this.#why.wireCode, this.#why.message);
  }
}
