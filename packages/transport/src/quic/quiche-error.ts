/** What quiche says when it throws; it has no code but the name in the message. */
export interface QuicheError {
  /** Like `StreamReset`, `StreamLimit`, `InvalidStreamState`. */
  readonly name: string;
  /** The number in brackets: code of a reset or stop, or a stream id. */
  readonly value: number;
}

/** Takes `StreamReset(42)` and its like apart. */
export function parseQuicheError(thrown: unknown): QuicheError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const match = /^(\w+)(?:\((\d+)\))?/.exec(message);
  return { name: match?.[1] ?? message, value: Number(match?.[2] ?? 0) };
}
