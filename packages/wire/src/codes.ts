import type { TokenErrorCode } from '@macula/crypto';

/**
 * Codes that travel: closing a connection, resetting a stream, refusing a HELLO or an OPEN. Numbers are never reused.
 *
 * 0–31 connection and session, 32–63 OPEN and tunnels, 64–95 realm tokens.
 */
export const wireCodes: Readonly<Record<WireCode, { readonly number: number; readonly sentence: string }>> = {
  ok: { number: 0, sentence: 'closed in good order' },
  protocol_error: { number: 1, sentence: 'the peer sent something that the protocol does not allow' },
  version_unsupported: {
    number: 2,
    sentence: 'the peer speaks another major version; update the older side',
  },
  hello_timeout: { number: 3, sentence: 'the peer did not finish its HELLO in time' },
  bad_signature: { number: 4, sentence: 'the peer could not prove its identity on this connection' },
  name_taken: {
    number: 5,
    sentence:
      'another node uses this name in this realm; choose another name or wait 15 s after the other has left',
  },
  replaced: {
    number: 6,
    sentence:
      'the same identity opened a newer session for this name; if that was no node of yours, a copy of its key file is in use: give each host its own',
  },
  realm_refused: {
    number: 7,
    sentence:
      'the relay does not serve this realm; join one that it serves, or have its operator add this one',
  },
  busy: { number: 8, sentence: 'the relay is at its limit; try again later' },
  draining: { number: 9, sentence: 'the relay is shutting down; use another one' },
  id_mismatch: {
    number: 10,
    sentence:
      'the relay is not the one pinned in its URL; ask its operator for its id: if it is another one, correct #id= in the URL, else something in between answers for it',
  },
  not_a_relay: {
    number: 11,
    sentence:
      'one relay does not admit the other as a peer; give both the same --mesh-secret-file, or list the id of each at the other (--peer-id, or "relays" in the access file)',
  },
  self_connection: { number: 12, sentence: 'the relay reached itself; remove its own URL from its peers' },
  shutdown: { number: 13, sentence: 'the peer ended' },
  channel_binding_mismatch: {
    number: 14,
    sentence:
      'something between node and relay ends TLS; if that is a proxy of the operator, give the relay its certificate with --public-cert',
  },
  identity_conflict: {
    number: 15,
    sentence:
      'two hosts use the same identity key; give each its own (delete the copied key file, or set MACULA_DATA_DIR)',
  },
  session_limit: {
    number: 16,
    sentence:
      'the relay has as many sessions as it allows; end some, wait 30 s for those of a crash to be given up, or have its operator raise the limit',
  },
  name_limit: {
    number: 17,
    sentence:
      'the sessions want more names than the relay allows; use fewer names, or have its operator raise the limit',
  },
  rate_limited: {
    number: 18,
    sentence: 'too many HELLOs or control messages in too short a time; find what the node does in a loop',
  },
  not_found: { number: 32, sentence: 'no relay of the mesh knows a node of this name in this realm' },
  not_here: { number: 33, sentence: 'this relay has no session of that name' },
  hop_limit: { number: 34, sentence: 'too many relays on the way' },
  timeout: { number: 35, sentence: 'the other side did not answer in time' },
  refused: { number: 36, sentence: 'the other node does not accept connections' },
  decrypt_failed: { number: 37, sentence: 'the two nodes do not share the same cookie' },
  beam_closed: { number: 38, sentence: 'the other node closed the connection' },
  relay_lost: { number: 39, sentence: 'a relay on the way was lost' },
  agent_stopped: { number: 40, sentence: 'the agent of the other node ended' },
  tunnel_error: { number: 41, sentence: 'the tunnel ended because its bytes were not what they must be' },
  too_many_failures: {
    number: 42,
    sentence: 'too many failed attempts to connect from there; correct the cookie and wait 30 s',
  },
  tunnel_limit: {
    number: 43,
    sentence:
      'there are as many tunnels as the relay allows; disconnect nodes, or have its operator raise the limit',
  },
  open_rate: {
    number: 44,
    sentence:
      'too many connections were tried in too short a time; wait a few seconds, and find what tries them in a loop',
  },
  stream_limit: {
    number: 45,
    sentence: 'too many connections are being made at this moment; wait a few seconds',
  },
  unknown_names: {
    number: 46,
    sentence:
      'too many names that no relay knows were tried in too short a time; wait a few seconds, and find what looks for nodes that are gone',
  },
  superseded: { number: 47, sentence: 'the tunnel goes on over another path' },
  unknown_tunnel: {
    number: 48,
    sentence: 'the agent of the other node knows nothing of this tunnel any more; connect again',
  },
  token_missing: {
    number: 64,
    sentence: 'the realm needs a token; get one from its operator and join with it',
  },
  token_malformed: {
    number: 65,
    sentence: 'the token is damaged or none of this mesh; copy it again, whole, or ask for a new one',
  },
  token_wrong_algorithm: {
    number: 66,
    sentence: 'the token is not signed with EdDSA; have it made with macula token issue',
  },
  token_unknown_issuer: {
    number: 67,
    sentence:
      "the relay does not trust the issuer of the token for this realm; ask for a token of another issuer, or have the relay's operator add this one",
  },
  token_bad_signature: {
    number: 68,
    sentence: 'the token was altered after it was signed; copy it again, whole, or ask for a new one',
  },
  token_expired: { number: 69, sentence: 'the time of the token is over; ask its issuer for a new one' },
  token_not_yet_valid: {
    number: 70,
    sentence: 'the time of the token has not begun; wait, or compare the clocks of issuer and relay',
  },
  token_revoked: { number: 71, sentence: 'the token was taken back; ask its issuer for a new one' },
  token_wrong_realm: {
    number: 72,
    sentence: 'the token is for another realm; join that one, or ask for a token of this one',
  },
  token_wrong_name: {
    number: 73,
    sentence:
      'the token does not allow this node name; use a name it allows, or ask for a token with this one',
  },
  token_wrong_identity: {
    number: 74,
    sentence:
      'the token is bound to the identity of another node; use the key file it was made for, or ask for a token of this identity',
  },
};

/** Name of a travelling code; {@link wireCodes} says what each means. */
export type WireCode =
  | 'ok'
  | 'protocol_error'
  | 'version_unsupported'
  | 'hello_timeout'
  | 'bad_signature'
  | 'name_taken'
  | 'replaced'
  | 'realm_refused'
  | 'busy'
  | 'draining'
  | 'id_mismatch'
  | 'not_a_relay'
  | 'self_connection'
  | 'shutdown'
  | 'channel_binding_mismatch'
  | 'identity_conflict'
  | 'session_limit'
  | 'name_limit'
  | 'rate_limited'
  | 'not_found'
  | 'not_here'
  | 'hop_limit'
  | 'timeout'
  | 'refused'
  | 'decrypt_failed'
  | 'beam_closed'
  | 'relay_lost'
  | 'agent_stopped'
  | 'tunnel_error'
  | 'too_many_failures'
  | 'tunnel_limit'
  | 'open_rate'
  | 'stream_limit'
  | 'unknown_names'
  | 'superseded'
  | 'unknown_tunnel'
  | TokenErrorCode;

const nameByNumber = new Map<number, WireCode>(
  Object.entries(wireCodes).map(([name, { number }]) => [number, name as WireCode]),
);

/** The number that travels. */
export function codeNumber(code: WireCode): number {
  return wireCodes[code].number;
}

/** The name of a number; an unknown one (from a newer peer) is `protocol_error`. */
export function codeFromNumber(number: number): WireCode {
  return nameByNumber.get(number) ?? 'protocol_error';
}

/**
 * What a person should read: cause and remedy, with a semicolon between them where there is a remedy.
 *
 * @param cause - in place of the general one, where more is known.
 */
export function codeSentence(code: WireCode, cause?: string): string {
  const { sentence } = wireCodes[code];
  if (cause === undefined) return sentence;
  const remedy = codeRemedy(code);
  return remedy === undefined ? cause : `${cause}; ${remedy}`;
}

/** What can be done about it, without a full stop; undefined where there is nothing to say. */
export function codeRemedy(code: WireCode): string | undefined {
  const { sentence } = wireCodes[code];
  const at = sentence.indexOf('; ');
  return at < 0 ? undefined : sentence.slice(at + 2);
}
