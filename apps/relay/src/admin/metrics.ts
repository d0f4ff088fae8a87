import type { Mesh } from '../mesh.js';
import type { ListenAddress } from '../transports.js';

/** The figures of a relay in the Prometheus text format 0.0.4; the README lists them. */
export function metricsText(
  mesh: Mesh,
  { uptimeMs, listen }: { readonly uptimeMs: number; readonly listen: readonly ListenAddress[] },
): string {
  const { counts } = mesh.router;
  const { spliceCounters, openCounters } = mesh.broker;
  const lines: string[] = [];
  const metric = (
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    values: Readonly<Record<string, number>>,
  ) => {
    lines.push(`# HELP macula_relay_${name} ${help}`, `# TYPE macula_relay_${name} ${type}`);
    for (const [labels, value] of Object.entries(values))
      lines.push(`macula_relay_${name}${labels} ${value}`);
  };
  metric('gauge', 'uptime_seconds', 'Seconds since the start.', { '': uptimeMs / 1000 });
  metric('gauge', 'sessions', 'Sessions of agents.', { '': counts.sessions });
  metric('gauge', 'sessions_superseded', 'Sessions kept beside a newer one of their agent.', {
    '': counts.superseded,
  });
  metric('gauge', 'sessions_standby', 'Sessions that stand by for one at another relay.', {
    '': counts.standbys,
  });
  metric('gauge', 'peers', 'Different relays connected.', { '': counts.peers });
  metric('gauge', 'members', 'Other relays of the mesh by state.', membersOf(mesh));
  metric('gauge', 'peers_silent', 'Peerings that do not answer and are gone round.', {
    '': counts.silentPeers,
  });
  metric('gauge', 'routing_filters', 'Routing filters of peers that are known.', { '': counts.filters });
  metric('gauge', 'routing_filter_bytes', 'Bytes of all routing filters.', { '': counts.filterBytes });
  metric('gauge', 'connections', 'Connections by role and transport.', connectionsOf(mesh));
  metric('gauge', 'listeners', 'Listeners by transport.', countBy(listen.map(labelOf)));
  metric('gauge', 'tunnels', 'Tunnels spliced now.', { '': spliceCounters.active });
  metric('counter', 'tunnels_total', 'Tunnels spliced since the start.', { '': spliceCounters.total });
  metric('counter', 'forwarded_bytes_total', 'Tunnel bytes carried, both directions.', {
    '': spliceCounters.bytesForwarded,
  });
  metric('counter', 'paced_bytes_total', 'Tunnel bytes behind which a limit made the relay wait.', {
    '': spliceCounters.bytesPaced,
  });
  metric('gauge', 'opens_pending', 'OPENs in flight.', { '': counts.opens });
  metric('counter', 'opens_total', 'OPENs received.', { '': openCounters.opens });
  metric('counter', 'opens_failed_total', 'OPENs answered with a code.', byCode(openCounters.failed));
  metric('counter', 'hellos_refused_total', 'Connections turned away.', byCode(mesh.refusedHellos));
  metric('gauge', 'names_remote', 'Names owned at other relays.', { '': mesh.ownership.remoteNames });
  metric(
    'counter',
    'name_conflicts_total',
    'Sessions ended, or protected, because of what other relays said.',
    byCode(mesh.ownership.conflicts),
  );
  metric(
    'counter',
    'sessions_limited_total',
    'Sessions ended by a limit.',
    byCode(mesh.limiter.endedSessions),
  );
  metric('gauge', 'hellos_unfinished', 'Connections that have not finished their HELLO.', {
    '': mesh.limiter.helloPlaces.counts.unfinished,
  });
  metric('gauge', 'limit_accounts', 'Identities, realms and addresses that limits remember.', {
    '': mesh.limiter.quotas.counts.accounts + mesh.limiter.helloPlaces.counts.addresses,
  });
  metric('gauge', 'memory_bytes', 'Resident memory of the worker.', { '': process.memoryUsage.rss() });
  return `${lines.join('\n')}\n`;
}

function byCode(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].map(([code, count]) => [`{code="${code}"}`, count]));
}

function connectionsOf(mesh: Mesh): Record<string, number> {
  const labels = [...mesh.sessions.values()].map(
    ({ facts, connection }) => `{role="${facts.role}",transport="${connection.transport}"}`,
  );
  return countBy(labels);
}

function membersOf(mesh: Mesh): Record<string, number> {
  return countBy(mesh.peerings.members.map(({ state }) => `{state="${state}"}`));
}

function labelOf({ transport }: ListenAddress): string {
  return `{transport="${transport}"}`;
}

function countBy(labels: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
