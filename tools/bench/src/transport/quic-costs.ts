import { setTimeout as wait } from 'node:timers/promises';
import type { CertificatePair } from '@macula/transport';
import type { Target, Usage } from './calls.js';
import type { Child, Children } from './children.js';
import type { Plan } from './plan.js';

/** Who has the sessions: a bare listener of the transport, or a relay with agents that have said HELLO and have a name each. */
export type SessionHost = 'listener' | 'relay';

/** What idle sessions cost the process that they go to. */
export interface SessionFigures {
  readonly host: SessionHost;
  readonly count: number;
  /** Still open at the end. */
  readonly open: number;
  readonly keepAliveMs: number;
  readonly idleMs: number;
  /** Growth of the host's resident memory per session, bytes; of it JavaScript heap. */
  readonly rssBytesPerSession: number;
  readonly heapBytesPerSession: number;
  /** CPU of the host while they idle, percent of one core. */
  readonly cpuPercent: number;
}

/** What stays at one end. */
export interface EndGrowth {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** Growth between two counts of something that was made and is over, in total. */
export interface GrowthFigures {
  readonly before: number;
  readonly after: number;
  readonly dialer: EndGrowth;
  readonly listener: EndGrowth;
}

/** Whether resets cost a connection its streams. */
export interface ResetFigures {
  readonly count: number;
  /** Streams opened at once, as many as the listener grants. */
  readonly streamsMax: number;
  /** Of these, answered before any reset, and after all. */
  readonly answeredBefore: number;
  readonly answeredAfter: number;
}

/** `streamsMax` of `createQuicTransport`. */
const streamsMax = 4096;

/** Sessions opened and closed before anything is measured, so that code and buffers are there. */
const sessionsAhead = 100;

/** Many idle sessions on one host, each with a UDP socket of its own in one of the dialing processes. */
export async function benchSessions(
  children: Children,
  host: SessionHost,
  certificate: CertificatePair,
  { sessions: { count, dialers, keepAliveMs, idleMs } }: Plan,
  onProgress: (text: string) => void,
): Promise<SessionFigures> {
  const hosting = children.start(host);
  const port =
    host === 'relay'
      ? await hosting.call('relay', {})
      : await hosting.call('listen', { contestant: 'quic', certificate });
  const target: Target = { contestant: 'quic', port, certificate };
  const all = Array.from({ length: dialers }, (_, index) => children.start(`dialer ${index + 1}`));
  const ahead = Math.min(sessionsAhead, count);
  if (host === 'relay') await all[0]!.call('join', { port, count: ahead, keepAliveMs, stays: false });
  else await all[0]!.call('connections', { ...target, count: ahead });
  const empty = await hosting.call('usage', { collect: true });
  onProgress(`sessions on a ${host}: opening ${count}`);
  const share = Math.ceil(count / dialers);
  const held = await Promise.all(
    all.map((dialer, index) => {
      const part = { port, count: Math.min(share, count - index * share), keepAliveMs };
      return host === 'relay'
        ? dialer.call('join', { ...part, stays: true })
        : dialer.call('hold', { ...target, ...part });
    }),
  );
  const full = await hosting.call('usage', { collect: true });
  onProgress(`sessions on a ${host}: ${sum(held)} open, idle for ${idleMs / 1000} s`);
  const startedMs = performance.now();
  const idleStart = await hosting.call('usage', { collect: false });
  await wait(idleMs);
  const idleEnd = await hosting.call('usage', { collect: false });
  const elapsedMs = performance.now() - startedMs;
  const open = sum(await Promise.all(all.map((dialer) => dialer.call('held', {}))));
  await children.stop();
  return {
    host,
    count,
    open,
    keepAliveMs,
    idleMs,
    rssBytesPerSession: (full.rssBytes - empty.rssBytes) / count,
    heapBytesPerSession: (full.heapBytes - empty.heapBytes) / count,
    cpuPercent: (100 * (idleEnd.cpuMs - idleStart.cpuMs)) / elapsedMs,
  };
}

/** Streams opened and closed on one connection. */
export async function benchStreams(
  children: Children,
  certificate: CertificatePair,
  { streams: { before, after } }: Plan,
  onProgress: (text: string) => void,
): Promise<GrowthFigures> {
  const { listener, target } = await listen(children, certificate);
  const dialer = children.start('dialer');
  await dialer.call('connect', target);
  return growth(children, { dialer, listener }, { before, after }, async (count) => {
    onProgress(`streams: opening and closing ${count}`);
    await dialer.call('streams', { count });
  });
}

/** Connections made and dropped. */
export async function benchConnections(
  children: Children,
  certificate: CertificatePair,
  { connections: { before, after } }: Plan,
  onProgress: (text: string) => void,
): Promise<GrowthFigures> {
  const { listener, target } = await listen(children, certificate);
  const dialer = children.start('dialer');
  return growth(children, { dialer, listener }, { before, after }, async (count) => {
    onProgress(`connections: making and dropping ${count}`);
    await dialer.call('connections', { ...target, count });
  });
}

/** Streams that are reset give their place back. */
export async function benchResets(
  children: Children,
  certificate: CertificatePair,
  { resets: { count, creditWaitMs } }: Plan,
  onProgress: (text: string) => void,
): Promise<ResetFigures> {
  const { target } = await listen(children, certificate);
  const dialer = children.start('dialer');
  await dialer.call('connect', target);
  const credit = () => dialer.call('credit', { count: streamsMax, waitMs: creditWaitMs });
  onProgress(`resets: ${streamsMax} streams at once`);
  const answeredBefore = await credit();
  onProgress(`resets: ${count}`);
  const resets = await dialer.call('resets', { count });
  if (resets !== count) throw new Error(`only ${resets} of ${count} streams were reset`);
  onProgress(`resets: ${streamsMax} streams at once again`);
  const answeredAfter = await credit();
  await children.stop();
  return { count, streamsMax, answeredBefore, answeredAfter };
}

async function listen(
  children: Children,
  certificate: CertificatePair,
): Promise<{ listener: Child; target: Target }> {
  const listener = children.start('listener');
  const port = await listener.call('listen', { contestant: 'quic', certificate });
  return { listener, target: { contestant: 'quic', port, certificate } };
}

async function growth(
  children: Children,
  { dialer, listener }: { dialer: Child; listener: Child },
  { before, after }: { before: number; after: number },
  work: (count: number) => Promise<void>,
): Promise<GrowthFigures> {
  const usage = () => Promise.all([dialer, listener].map((end) => end.call('usage', { collect: true })));
  await work(before);
  const early = await usage();
  await work(after - before);
  const late = await usage();
  await children.stop();
  const [ofDialer, ofListener] = late.map((end, index) => difference(end, early[index]!));
  return { before, after, dialer: ofDialer!, listener: ofListener! };
}

function difference(late: Usage, early: Usage): EndGrowth {
  return { rssBytes: late.rssBytes - early.rssBytes, heapBytes: late.heapBytes - early.heapBytes };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
