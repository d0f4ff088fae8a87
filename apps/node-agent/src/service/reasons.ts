import { type EndReason, endReasons } from '@macula/tunnel';
import { type WireCode, wireCodes } from '@macula/wire';
import type { TunnelEnd } from './mesh-port.js';

/** Why an outgoing tunnel did not come up, as PROTOCOL.md names it. */
export type LocalReason =
  | 'not_joined'
  | 'not_found'
  | 'not_here'
  | 'hop_limit'
  | 'decrypt_failed'
  | 'refused'
  | 'version_unsupported'
  | 'timeout'
  | 'relay_lost'
  | 'peer_closed'
  | 'busy'
  | 'too_many_failures'
  | 'tunnel_limit'
  | 'open_rate'
  | 'bad_name'
  | 'internal';

/** The `"e"` frame's reason and text, with cause and remedy, for a tunnel that ended before it was up. */
export function failureOf(end: TunnelEnd, node: string): { reason: LocalReason; text: string } {
  const reason = localReason(end.reason);
  const cause = (end.text === '' ? sentence(end.reason) : end.text).replace(/\.$/, '');
  return { reason, text: `${node}: ${cause}. ${remedies[reason]}` };
}

/** The PROTOCOL.md reason for how a tunnel ended. */
export function localReason(reason: string): LocalReason {
  if (isKnown(reason)) return byReason[reason];
  return Object.hasOwn(remedies, reason) ? (reason as LocalReason) : 'internal';
}

/** The reason that goes into `tunnel_down`. It becomes an atom, so it is one of our own names, whatever a peer sent. */
export function downReason(reason: string): string {
  const isOwn = isKnown(reason) || Object.hasOwn(remedies, reason) || reason === 'left';
  return isOwn ? reason : 'internal';
}

/** Why a tunnel looks for another path, for `tunnel_detached`; an atom, too, so one of a closed set. */
export function detachReason(reason: string): string {
  return detachReasons.includes(reason) ? reason : 'path_lost';
}

/** Those of @macula/tunnel. */
const detachReasons: readonly string[] = ['path_lost', 'path_reset', 'path_ended', 'silent', 'slept'];

/** What can be done about it. */
export const remedies: Readonly<Record<LocalReason, string>> = {
  not_joined: 'Call macula:join_mesh/1 first, or set MACULA_RELAYS',
  not_found: 'Check its name, its realm, and that it has joined relays that peer with yours',
  not_here: 'It has just left this relay; try again in a moment',
  hop_limit: 'The relays are not peered as a full mesh, or a peering is down',
  decrypt_failed: 'Compare erlang:get_cookie() on both nodes',
  refused: 'The other node does not listen, or does not allow this node',
  version_unsupported:
    'Update the older side; for protocol 1 set MACULA_PROTOCOL1_PEERS at both ends or at none',
  timeout: 'The other node or a relay is slow or cut off; try again',
  relay_lost: 'The agent connects again by itself; macula:status() shows the relays',
  peer_closed: 'The other node stopped or closed the connection; try again when it is up',
  busy: 'A limit on the way is reached; try again later',
  too_many_failures: 'Compare erlang:get_cookie() on both nodes; the other one logs who failed',
  tunnel_limit: "Disconnect nodes, or have the relay's operator raise the limit",
  open_rate: 'Wait a few seconds, and find what connects in a loop',
  bad_name: 'A node name looks like name@host',
  internal: 'Run the agent with MACULA_LOG=debug and report what it says',
};

const byReason: Readonly<Record<WireCode | EndReason, LocalReason>> = {
  ok: 'peer_closed',
  protocol_error: 'internal',
  version_unsupported: 'version_unsupported',
  hello_timeout: 'timeout',
  bad_signature: 'refused',
  name_taken: 'refused',
  replaced: 'peer_closed',
  realm_refused: 'refused',
  busy: 'busy',
  draining: 'relay_lost',
  id_mismatch: 'refused',
  not_a_relay: 'refused',
  self_connection: 'internal',
  shutdown: 'peer_closed',
  channel_binding_mismatch: 'refused',
  identity_conflict: 'refused',
  session_limit: 'busy',
  name_limit: 'refused',
  rate_limited: 'busy',
  not_found: 'not_found',
  not_here: 'not_here',
  hop_limit: 'hop_limit',
  timeout: 'timeout',
  refused: 'refused',
  decrypt_failed: 'decrypt_failed',
  beam_closed: 'peer_closed',
  relay_lost: 'relay_lost',
  agent_stopped: 'peer_closed',
  tunnel_error: 'internal',
  too_many_failures: 'too_many_failures',
  tunnel_limit: 'tunnel_limit',
  open_rate: 'open_rate',
  stream_limit: 'open_rate',
  unknown_names: 'open_rate',
  superseded: 'relay_lost',
  unknown_tunnel: 'peer_closed',
  token_missing: 'refused',
  token_malformed: 'refused',
  token_wrong_algorithm: 'refused',
  token_unknown_issuer: 'refused',
  token_bad_signature: 'refused',
  token_expired: 'refused',
  token_not_yet_valid: 'refused',
  token_revoked: 'refused',
  token_wrong_realm: 'refused',
  token_wrong_name: 'refused',
  token_wrong_identity: 'refused',
  bad_tag: 'internal',
  bad_length: 'internal',
  bad_type: 'internal',
  bad_record: 'internal',
  unexpected_record: 'internal',
  offset_violation: 'internal',
  offset_limit: 'internal',
  no_progress: 'relay_lost',
  window_over: 'relay_lost',
};

function sentence(reason: string): string {
  if (Object.hasOwn(endReasons, reason)) return endReasons[reason as EndReason].sentence;
  return Object.hasOwn(wireCodes, reason) ? wireCodes[reason as WireCode].sentence : reason;
}

function isKnown(reason: string): reason is WireCode | EndReason {
  return Object.hasOwn(byReason, reason);
}
