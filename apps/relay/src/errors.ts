/**
 * Codes of {@link RelayError}. All are the operator's to repair; nothing was changed when one is thrown.
 *
 * - `bad_config`: a setting is missing, unknown or out of bounds; `setting` in the message says which.
 * - `bad_listen_address`: not `HOST:PORT`, or the address isn't one of this machine.
 * - `bad_peer_url`: a peer's URL can't be parsed.
 * - `bad_seed`: a seed is neither a relay URL nor `dns:HOST[:PORT]` nor `srv:NAME`, or there are too many.
 * - `port_in_use`: another process listens there.
 * - `bad_key_file`: the identity's file can't be read, is damaged, or other users may read it.
 * - `bad_certificate`: certificate or key can't be read or used.
 * - `bad_token_file`: the admin token's file can't be read, is too short, or other users may read it.
 * - `bad_mesh_secret`: the mesh secret's file can't be read, holds no secret of 128 bits or more, or other users may read it.
 * - `open_realm`: an address that others can reach, a realm that needs no token, and nobody said that this is meant.
 * - `open_peering`: an address that others can reach, neither keys nor a secret that admit relays, and nobody said that this is meant.
 * - `bad_access_file`: the access file can't be read, others than its owner may write it, or a field of it is wrong; the message names it.
 * - `data_dir_unusable`: the data directory can't be made or written.
 * - `transport_unavailable`: no transport works on this machine.
 * - `worker_failed`: the worker process ended before it listened.
 */
export type RelayErrorCode =
  | 'bad_config'
  | 'bad_listen_address'
  | 'bad_peer_url'
  | 'bad_seed'
  | 'port_in_use'
  | 'bad_key_file'
  | 'bad_certificate'
  | 'bad_token_file'
  | 'bad_mesh_secret'
  | 'open_realm'
  | 'open_peering'
  | 'bad_access_file'
  | 'data_dir_unusable'
  | 'transport_unavailable'
  | 'worker_failed';

/** The one error class of this package. The message is the cause, `remedy` what to do about it. */
export class RelayError extends Error {
  override readonly name = 'RelayError';
  readonly code: RelayErrorCode;
  /** What the operator can do, one sentence. */
  readonly remedy: string;

  constructor(code: RelayErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }

  /** Wraps whatever was thrown; a RelayError passes unchanged. */
  static from(thrown: unknown, code: RelayErrorCode, remedy: string): RelayError {
    if (thrown instanceof RelayError) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new RelayError(code, text, remedy, { cause: thrown });
  }
}
