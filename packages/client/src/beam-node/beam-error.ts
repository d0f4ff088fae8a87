import { formatTerm, type Term } from '@macula/dist-protocol';

/**
 * Codes of {@link BeamError}:
 *
 * - `timeout`: no answer in time; whether the other side has done it is not known.
 * - `aborted`: the caller's AbortSignal; `cause` is its reason.
 * - `noconnection`: the node could not be reached, or was lost before it answered; `cause` says why where that is known.
 * - `noproc`: there is no process of that pid or name.
 * - `exit`: the process ended before it answered, with `reason`.
 * - `exception`: the called function raised `class`, `reason`.
 * - `not_supported`: the node refuses to spawn, or lacks the function `erpc` needs.
 * - `name_taken`: another process of this node, or another node at the port mapper, has the name.
 * - `bad_option`: an option that can't be; nothing was done.
 * - `mailbox_full`: a process had more messages waiting than its bound; it has ended with this reason.
 * - `closed`: this node, or this process, was closed by its owner.
 */
export type BeamErrorCode =
  | 'timeout'
  | 'aborted'
  | 'noconnection'
  | 'noproc'
  | 'exit'
  | 'exception'
  | 'not_supported'
  | 'name_taken'
  | 'bad_option'
  | 'mailbox_full'
  | 'closed';

/** Class of an Erlang exception. */
export type ExceptionClass = 'error' | 'exit' | 'throw';

/** What a {@link BeamError} knows beside its code. */
export interface BeamErrorDetails {
  /** The exit reason, or what was raised. */
  readonly reason?: Term;
  /** Of an `exception`. */
  readonly class?: ExceptionClass;
  /** Of an `exception` of the class `error`: Erlang's own stack trace. */
  readonly stacktrace?: Term;
  /** Why, where something else failed before. */
  readonly cause?: unknown;
}

/** The error of a {@link BeamNode}. */
export class BeamError extends Error {
  override readonly name = 'BeamError';
  /** The exit reason, or what was raised. */
  readonly reason: Term | undefined;
  /** Of an `exception`. */
  readonly class: ExceptionClass | undefined;
  /** Of an `exception` of the class `error`. */
  readonly stacktrace: Term | undefined;

  constructor(
    /** What happened; see {@link BeamErrorCode}. */
    readonly code: BeamErrorCode,
    message: string,
    details: BeamErrorDetails = {},
  ) {
    super(
      details.reason === undefined
        ? message
        : `${message}: ${formatTerm(details.reason, { charactersMax: 500 })}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.reason = details.reason;
    this.class = details.class;
    this.stacktrace = details.stacktrace;
  }
}

/** What a program's function threw, for another node: anything can be thrown, also what has no text. */
export function textOfThrown(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'something that has no text';
  }
}
