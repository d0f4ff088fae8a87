import type { ContestantName } from './calls.js';

/** What `--only` can name: transports, and measurements on QUIC connections. */
export const sectionNames = [
  'quic',
  'worker',
  'tls',
  'quinn',
  'sessions',
  'relay',
  'streams',
  'connections',
  'resets',
] as const;

/** One of {@link sectionNames}. */
export type SectionName = (typeof sectionNames)[number];

/** How much is done. */
export interface Plan {
  readonly rounds: number;
  /** A round that isn't counted goes ahead. */
  readonly warmUp: boolean;
  /** Bytes of one bulk measurement: about a second of each. */
  readonly bulkBytes: Readonly<Record<ContestantName, number>>;
  /** Round trips of one echo measurement. */
  readonly echoCount: number;
  readonly sessions: {
    readonly count: number;
    readonly dialers: number;
    readonly keepAliveMs: number;
    readonly idleMs: number;
  };
  /** Memory is compared between the two counts. */
  readonly streams: { readonly before: number; readonly after: number };
  /** Memory is compared between the two counts. */
  readonly connections: { readonly before: number; readonly after: number };
  readonly resets: { readonly count: number; readonly creditWaitMs: number };
}

/** Default: about five minutes on two cores. */
export const fullPlan: Plan = {
  rounds: 5,
  warmUp: true,
  bulkBytes: {
    quic: 64e6,
    worker: 64e6,
    tls: 512e6,
    quinn: 128e6,
    public: 4e6,
    pump: 64e6,
    'node-tls': 512e6,
    'node-http2': 256e6,
  },
  echoCount: 2000,
  // Two pings of each session fall into the time watched.
  sessions: { count: 2000, dialers: 2, keepAliveMs: 20_000, idleMs: 40_000 },
  // So many that what the allocator takes once, some 10 MB, is not taken for something that stays with each.
  streams: { before: 20_000, after: 420_000 },
  connections: { before: 1000, after: 5000 },
  resets: { count: 10_000, creditWaitMs: 30_000 },
};

/** Shows that everything runs, in a few seconds; the figures mean little. */
export const quickPlan: Plan = {
  rounds: 1,
  warmUp: false,
  bulkBytes: {
    quic: 2e6,
    worker: 2e6,
    tls: 2e6,
    quinn: 2e6,
    public: 0.25e6,
    pump: 2e6,
    'node-tls': 2e6,
    'node-http2': 2e6,
  },
  echoCount: 50,
  sessions: { count: 40, dialers: 2, keepAliveMs: 500, idleMs: 1000 },
  streams: { before: 200, after: 1200 },
  connections: { before: 20, after: 60 },
  resets: { count: 200, creditWaitMs: 30_000 },
};

/** What each transport is compared with. */
const references: Partial<Record<SectionName, readonly ContestantName[]>> = {
  quic: ['public', 'pump'],
  worker: ['quic'],
  tls: ['node-tls', 'node-http2'],
  quinn: ['quic'],
};

const order: readonly ContestantName[] = [
  'quic',
  'worker',
  'quinn',
  'public',
  'pump',
  'tls',
  'node-tls',
  'node-http2',
];

/** Who moves bytes when these sections are chosen: the transports among them and what they are compared with. */
export function contestantsOf(sections: readonly SectionName[]): ContestantName[] {
  const wanted = new Set<string>(sections.flatMap((name) => [name, ...(references[name] ?? [])]));
  return order.filter((name) => wanted.has(name));
}
