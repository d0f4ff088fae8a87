import { quiche } from '@matrixai/quic/native/index.js';
import type { NativeConnection } from '../quic/native.js';

/** What quiche does in this process, watched. */
export interface WatchedHandshakes {
  /** The listener's side of every handshake, in the order they came. */
  readonly accepted: NativeConnection[];
  restore(): void;
}

/** Watches the connections that listeners in this process accept. */
export function watchHandshakes(): WatchedHandshakes {
  const { Connection: original } = quiche;
  const accepted: NativeConnection[] = [];
  quiche.Connection = {
    connect: (...input) => original.connect(...input),
    accept: (...input) => {
      const native = original.accept(...input);
      accepted.push(native);
      return native;
    },
  };
  return {
    accepted,
    restore: () => {
      quiche.Connection = original;
    },
  };
}
