import type { Stream } from '@macula/transport';
import {
  codeFromNumber,
  codeNumber,
  decodeMessage,
  FrameReader,
  type Message,
  type WireCode,
  WireError,
} from '@macula/wire';
import { MeshError } from './errors.js';
import type { StreamHandover } from './stream-handover.js';

/** Who waits for a first message; exactly one of the two is called, once. */
export interface FirstMessageHandlers {
  /** Take the stream over (`start`) before returning: an event that comes in between would be lost. */
  onMessage(message: Message, handover: StreamHandover): void;
  /** WireError for malformed bytes, MeshError for the rest; the stream was reset. */
  onFailed(error: WireError | MeshError): void;
}

/**
 * Reads the one message a tunnel stream begins with, then pauses the stream and hands it over. Returns how to give up (the
 * stream is reset with the code, `onFailed` is called with it).
 */
export function readFirstMessage(
  stream: Stream,
  timeoutMs: number,
  handlers: FirstMessageHandlers,
): (code: WireCode, text: string) => void {
  const frames = new FrameReader();
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    return true;
  };
  const fail = (error: WireError | MeshError, code: WireCode): void => {
    if (!settle()) return;
    stream.reset(codeNumber(code));
    handlers.onFailed(error);
  };
  const giveUp = (code: WireCode, text: string): void => fail(new MeshError('open_failed', code, text), code);
  const timer = setTimeout(() => giveUp('timeout', `no answer within ${timeoutMs} ms`), timeoutMs);
  stream.start({
    onData: (bytes) => {
      if (settled) return;
      frames.push(bytes);
      let message: Message | undefined;
      try {
        const frame = frames.next();
        if (frame === undefined) return;
        message = decodeMessage(frame);
        if (message === undefined)
          throw new WireError('unexpected_message', `unknown message type ${frame.type}`);
      } catch (thrown) {
        const error =
          thrown instanceof WireError ? thrown : new WireError('bad_body', String(thrown), { cause: thrown });
        fail(error, error.closeCode);
        return;
      }
      stream.pause();
      if (settle()) handlers.onMessage(message, { stream, alreadyRead: frames.takeRest() });
    },
    onEnd: () => giveUp('relay_lost', 'the stream ended before its first message'),
    onDrain: () => undefined,
    onClosed: (reason) => {
      const code = reason.kind === 'reset' ? codeFromNumber(reason.code) : 'relay_lost';
      fail(new MeshError('open_failed', code), code);
    },
  });
  return giveUp;
}
