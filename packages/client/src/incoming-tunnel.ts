import { TunnelError } from '@macula/tunnel';
import { encodeMessage, type Open, type WireCode } from '@macula/wire';
import type { MeshTunnel } from './mesh-tunnel.js';
import type { StreamHandover } from './stream-handover.js';

/** A peer's request for a tunnel, before anything is proven about the peer. Answer it once. */
export class IncomingTunnel {
  /** The name the peer claims; proven by the tunnel handshake. */
  readonly from: string;
  /** Which of our names it asks for. */
  readonly to: string;
  readonly #handover: StreamHandover;
  readonly #respond: (key: Uint8Array) => MeshTunnel;
  readonly #onSettled: () => void;
  #closed = false;

  /** `onSettled`: answered, or the peer gave up; may be called again. */
  constructor(
    request: { open: Open; handover: StreamHandover; onSettled: () => void },
    respond: (key: Uint8Array) => MeshTunnel,
  ) {
    this.from = request.open.from;
    this.to = request.open.to;
    this.#handover = request.handover;
    this.#respond = respond;
    this.#onSettled = request.onSettled;
    request.handover.stream.start({
      onData: () => undefined, // paused
      onEnd: () => undefined,
      onDrain: () => undefined,
      onClosed: () => {
        this.#closed = true;
        request.handover.onOver?.();
        this.#onSettled();
      },
    });
  }

  /**
   * Answers with the tunnel key (32 bytes); the tunnel reports `onConfirmed` once the peer has proven that it has it too.
   * Undefined when the offer was unusable: it has been refused with its code then.
   */
  accept(options: { readonly key: Uint8Array }): MeshTunnel | undefined {
    let tunnel: MeshTunnel;
    try {
      tunnel = this.#respond(options.key);
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      this.refuse(error.pathCode, error.message);
      return undefined;
    }
    if (this.#closed) queueMicrotask(() => tunnel.fail('relay_lost', 'the peer gave up'));
    else tunnel.acceptPath(this.#handover);
    this.#onSettled();
    return tunnel;
  }

  /** Answers that there will be no tunnel. */
  refuse(code: WireCode, text: string): void {
    if (this.#closed) return;
    refuseOpen(this.#handover, code, text);
    this.#onSettled();
  }
}

/** Answers an OPEN that nobody has taken over that there will be no path. */
export function refuseOpen(handover: StreamHandover, code: WireCode, text: string): void {
  const { stream, onOver } = handover;
  stream.start({
    ...{ onData: () => undefined, onEnd: () => undefined, onDrain: () => undefined },
    onClosed: () => onOver?.(),
  });
  stream.write(encodeMessage({ kind: 'open_failed', code, text }));
  stream.end();
  stream.resume();
}
