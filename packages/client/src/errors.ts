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

  constructor(code: MeshErrorCode, wireCode: WireCode, message?: string, options?: ErrorOptions) {
    super(message ?? codeSentence(wireCode), options);
    this.code = code;
    this.wireCode = wireCode;
  }
}

/** Code and sentence of anything that can go wrong with a session. */
export function describeFailure(thrown: unknown): { readonly code: string; readonly text: string } {
  if (thrown instanceof MeshError) return { code: thrown.wireCode, text: thrown.message };
  if (thrown instanceof WireError || thrown instanceof TransportError)
    return { code: thrown.code, text: thrown.message };
  return { code: 'internal', text: thrown instanceof Error ? thrown.message : String(thrown) };
}
