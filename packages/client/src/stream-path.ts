import type { Stream } from '@macula/transport';
import { codeFromNumber, type WireCode } from '@macula/wire';
import type { StreamHandover } from './stream-handover.js';
import type { MeshTunnelPath } from './tunnel-facts.js';

/** What a path tells its tunnel. */
export interface StreamPathHandlers {
  onData(bytes: Uint8Array): void;
  onEnd(): void;
  onWritable(): void;
  onClosed(closed: { readonly code: WireCode } | { readonly lost: true }): void;
  /** However it ended: nothing is left of the stream. */
  onOver(): void;
}

/** A transport stream as the path of a tunnel. */
export class StreamPath {
  /** Where it begins. */
  readonly beginsAt: MeshTunnelPath | undefined;
  readonly #stream: Stream;
  readonly #handlers: StreamPathHandlers;
  readonly #noteUse: (() => void) | undefined;
  #alreadyRead: Uint8Array;
  #writable = true;

  constructor(
    { stream, alreadyRead, noteUse, beginsAt, onOver }: StreamHandover,
    handlers: StreamPathHandlers,
  ) {
    this.beginsAt = beginsAt;
    this.#stream = stream;
    this.#alreadyRead = alreadyRead;
    this.#handlers = handlers;
    this.#noteUse = noteUse;
    stream.start({
      onData: (bytes) => handlers.onData(bytes),
      onEnd: () => handlers.onEnd(),
      onDrain: () => {
        this.#writable = true;
        handlers.onWritable();
      },
      onClosed: (reason) => {
        this.#writable = false;
        handlers.onOver();
        onOver?.();
        if (reason.kind === 'done') return; // both ends have ended: onEnd told
        if (reason.kind === 'reset' && reason.local) return; // our own doing
        handlers.onClosed(reason.kind === 'reset' ? { code: codeFromNumber(reason.code) } : { lost: true });
      },
    });
  }

  /** Begins to deliver, with what was read before the hand-over first. */
  start(): void {
    const bytes = this.#alreadyRead;
    this.#alreadyRead = new Uint8Array(0);
    if (bytes.length > 0) this.#handlers.onData(bytes);
    this.#stream.resume();
  }

  /** Whether the stream takes more bytes now. */
  get writable(): boolean {
    return this.#writable;
  }

  /** Writes pieces in order. */
  write(pieces: readonly Uint8Array[]): void {
    this.#noteUse?.();
    for (const piece of pieces) if (!this.#stream.write(piece)) this.#writable = false;
  }

  end(): void {
    this.#writable = false;
    this.#stream.end();
  }

  reset(code: number): void {
    this.#writable = false;
    this.#stream.reset(code);
  }
}
