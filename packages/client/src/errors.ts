import { TransportError } from '@macula/transport';
import { codeSentence, type WireCode, WireError } from '@macula/wire';

/**
 * Codes of {@link MeshError}:
 *
 * - `refused`: every relay answered and refused for good; `wireCode` says why. Nothing of the join is left.
 * - `relay_lost`: the session ended while it was used.
 * - `open_failed`: an OPEN was answered with `wireCode`.
 * - `closed`: the mesh was closed by its owner.
 */
export type MeshErrorCode = 'refused' | 'relay_lost' | 'open_failed' | 'closed';

/** The one error class of this package. */
export class MeshError extends Error {
  override readonly name = 'MeshError';
  readonly code: MeshErrorCode;
  /** The travelling code behind it. */
  readonly wireCode: WireCode;
  /** Milliseconds after which the relay wants to be tried again; undefined: it didn't say. */
  readonly retryMs: number | undefined;

  constructor(
    code: MeshErrorCode,
    wireCode: WireCode,
    message?: string,
    options?: ErrorOptions & { readonly retryMs?: number | undefined },
  ) {
    super(message ?? codeSentence(wireCode), options);
    this.code = code;
    this.wireCode = wireCode;
    this.retryMs = options?.retryMs;
  }
}

/** Why a relay isn't connected, for a program and for people. */
export interface Failure {
  /** A {@link WireCode}, a code of @macula/transport, or `internal`: whatever a relay sends, a word of ours. */
  readonly code: string;
  /** Cause, and remedy where there is one. */
  readonly text: string;
  /** The relay was reached and said no. */
  readonly isRefusal: boolean;
}

/** What to say of anything that can go wrong with a session. */
export function describeFailure(thrown: unknown): Failure {
  if (thrown instanceof MeshError)
    return { code: thrown.wireCode, text: thrown.message, isRefusal: thrown.code === 'refused' };
  const isOurs = thrown instanceof WireError || thrown instanceof TransportError;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: isOurs ? thrown.code : 'internal', text, isRefusal: false };
}

/** What a relay said of a code, with the remedy of the code behind it where that isn't in it. */
export function withRemedy(code: WireCode, said: string): string {
  if (said === '') return codeSentence(code);
  return said.includes('; ') ? said : codeSentence(code, said);
}

/** The code that says on the wire what went wrong. */
export function wireCodeOf(error: MeshError | WireError): WireCode {
  return error instanceof MeshError ? error.wireCode : error.closeCode;
}
