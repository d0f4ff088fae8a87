import { atom, atomMap, binary, type Term, type TermMap } from '@macula/dist-protocol';
import { type PlainValue, plainTerm } from '../control/encode.js';
import type { StoredIdentity } from '../identity-store.js';
import type { BeamListener } from './incoming.js';
import type { MeshStatusView } from './mesh-port.js';

/** What `status` shows. */
export interface StatusView {
  readonly agentVersion: string;
  readonly listener: BeamListener | undefined;
  readonly identity: StoredIdentity | undefined;
  /** A relay has accepted this node since the join, and they don't all refuse it by now. */
  readonly joined: boolean;
  readonly realm: string | undefined;
  readonly mesh: Omit<MeshStatusView, 'realm' | 'isRefused'> | undefined;
  /** Why this node isn't joined, when that has failed. */
  readonly joinError: string | undefined;
  /** When the token of the realm ends, seconds since 1970. */
  readonly tokenExpires: number | undefined;
  readonly tunnels: readonly Term[];
}

/**
 * The map that answers `status`: `agent_version`, `agent_pid`, `joined`, `join_error`, `realm`, `token_expires`, `node`, `names`,
 * `identity` (the id), `identity_file`, `relays` (maps with `url`, `state`, `relay_id`, `transport`, `rtt_ms`, `last_error`) and `tunnels` (maps with `id`,
 * `peer`, `role`, `bytes_in`, `bytes_out`, `msgs_in`, `msgs_out`, `rtt_ms`, `state`, `relay`, `transport`, `reattachments`, `detached_ms`, `bytes_waiting_out`,
 * `bytes_waiting_in`). What isn't known is `undefined`.
 */
export function statusTerm(view: StatusView): TermMap {
  const { mesh, identity, listener } = view;
  const relays = (mesh?.relays ?? []).map(({ url, state, relayId, transport, rttMs, lastError }) =>
    atomMap({
      url: binary(url),
      state: atom(state),
      relay_id: plainTerm(relayId),
      transport: plainTerm(transport),
      rtt_ms: plainTerm(rttMs),
      last_error: plainTerm(lastError),
    }),
  );
  const plain: Readonly<Record<string, PlainValue>> = {
    agent_version: view.agentVersion,
    agent_pid: process.pid,
    joined: view.joined,
    join_error: view.joinError,
    token_expires: view.tokenExpires,
    realm: view.realm,
    node: listener?.node,
    names: mesh?.names ?? [],
    identity: identity?.identity.id,
    identity_file: identity?.file,
  };
  const entries = Object.entries(plain).map(([name, value]) => [name, plainTerm(value)] as const);
  return atomMap({ ...Object.fromEntries(entries), relays, tunnels: view.tunnels });
}
