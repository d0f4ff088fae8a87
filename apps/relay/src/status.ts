import { readFileSync } from 'node:fs';
import { hostPortText } from './config.js';
import type { Mesh } from './mesh.js';
import type { PeerDialerState } from './session/peer-dialer.js';
import type { ListenAddress } from './transports.js';

/** What `/status` says. */
export interface RelayStatus {
  /** The relay's identity, 43 characters; goes into `#id=` of its URL. */
  readonly id: string;
  readonly label: string;
  readonly version: string;
  readonly uptimeMs: number;
  readonly state: 'up' | 'draining' | 'closed';
  /** Every listener as a URL that forces its transport, e.g. `tls://0.0.0.0:4433`. */
  readonly listen: readonly string[];
  readonly sessions: readonly SessionStatus[];
  readonly peers: readonly PeerStatus[];
  /** The other relays of the mesh, as far as they are known. */
  readonly members: readonly MemberStatus[];
  readonly realms: readonly RealmStatus[];
  /** Tunnels through this relay now. */
  readonly tunnels: number;
  /** Tunnel bytes carried since the start, both directions. */
  readonly bytesForwarded: number;
}

/** One agent. */
export interface SessionStatus {
  readonly names: readonly string[];
  readonly realm: string;
  readonly identity: string;
  readonly label: string;
  readonly transport: string;
  /** A newer session of the same agent has its names; it lives until its tunnels have ended. */
  readonly superseded: boolean;
  /** It stands by for the session with which this agent owns its names at another relay. */
  readonly standby: boolean;
  readonly rttMs: number | null;
}

/** One connection to another relay, or a configured one that isn't connected. */
export interface PeerStatus {
  /** The configured URL; null when the other relay dialled. */
  readonly url: string | null;
  readonly id: string | null;
  readonly state: PeerDialerState;
  /** What carries it; null while there is no connection. */
  readonly transport: string | null;
  /** Whether OPENs use this connection. */
  readonly chosen: boolean;
  readonly rttMs: number | null;
}

/** Another relay of the mesh. */
export interface MemberStatus {
  readonly id: string;
  readonly label: string;
  /** `suspect` and `dead` are what is believed of it, `left` is its own word. */
  readonly state: 'alive' | 'suspect' | 'dead' | 'left';
  /** It is about to stop. */
  readonly draining: boolean;
  /** Where it says that others dial it; null: it dials them. */
  readonly url: string | null;
}

/** One realm, in the whole mesh as far as this relay knows. */
export interface RealmStatus {
  readonly realm: string;
  /** Names that somebody has, here or at another relay, and those kept for who lost its session a moment ago. */
  readonly names: number;
  /** Sessions here that are told who comes and goes. */
  readonly watchers: number;
}

/** The version of this package. */
export const relayVersion: string = readVersion();

/** Gathers the sessions and peers of a mesh. */
export function meshStatus(
  mesh: Mesh,
  nowMs: number,
): Pick<RelayStatus, 'sessions' | 'peers' | 'members' | 'realms' | 'tunnels' | 'bytesForwarded'> {
  const sessions: SessionStatus[] = [];
  const peers: PeerStatus[] = [];
  for (const dialer of mesh.peerings.dialers) {
    const session = dialer.session;
    const chosen = session !== undefined && mesh.router.isChosenPeer(session.facts.link);
    peers.push({
      url: dialer.url,
      id: dialer.id ?? null,
      state: dialer.state,
      transport: session?.connection.transport ?? null,
      chosen,
      rttMs: session?.rttMs ?? null,
    });
  }
  for (const session of mesh.sessions.values()) {
    const { role, realm, label, link, dialled } = session.facts;
    const rttMs = session.rttMs ?? null;
    const { transport } = session.connection;
    if (role === 'agent') {
      sessions.push({
        names: mesh.router.namesOf(link),
        realm,
        identity: session.id,
        label,
        transport,
        superseded: session.isSuperseded,
        standby: mesh.router.isStandby(link),
        rttMs,
      });
    } else if (!dialled) {
      const chosen = mesh.router.isChosenPeer(link);
      peers.push({ url: null, id: session.id, state: 'connected', transport, chosen, rttMs });
    }
  }
  const { active, bytesForwarded } = mesh.broker.spliceCounters;
  const members = mesh.peerings.members.map(
    ({ id, label, state, isDraining, url = null }): MemberStatus => ({
      ...{ id, label, state, draining: isDraining, url },
    }),
  );
  const realms = mesh.presence.counts(nowMs);
  return { sessions, peers, members, realms, tunnels: active, bytesForwarded };
}

/** Listeners as URLs. */
export function listenUrls(addresses: readonly ListenAddress[]): string[] {
  return addresses.map((address) => `${address.transport}://${hostPortText(address)}`);
}

function readVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
