import type { Stream } from '@macula/transport';
import type { MeshTunnelPath } from './tunnel-facts.js';

/**
 * A stream that changes its owner, together with the bytes that were already read from it. One value, since bytes left behind
 * are lost bytes. The stream is paused; the new owner calls `start` and `resume`.
 */
export interface StreamHandover {
  readonly stream: Stream;
  readonly alreadyRead: Uint8Array;
  /** To be called with every write: whether the session's path still works is then watched more closely. */
  readonly noteUse?: () => void;
  /** Where it comes from or goes to. */
  readonly beginsAt?: MeshTunnelPath;
  /** To be called when the stream is over: what carries it isn't in use by it any more. */
  readonly onOver?: () => void;
}
