import { setTimeout as delay } from 'node:timers/promises';
import type { RelayUrl, Transport } from '@macula/transport';
import type { WireCode } from '@macula/wire';
import { newIdentity, WireAgent, type WireAgentOptions } from './wire-agent.js';

/** What one identity can flood a relay with, and how often per second this bench does it. */
export const floodRates = {
  /** New connections with a HELLO each. */
  sessions: 40,
  /** New connections with a HELLO each that proves nothing. */
  forgeries: 40,
  /** NAMES with one more name, on one session. */
  names: 1000,
  /** PINGs, on one session. */
  pings: 5000,
  /** OPENs to random names, on one session. */
  opens: 2000,
  /** Streams of one byte that never become an OPEN, on one session. */
  streams: 2000,
} as const;

/** One of {@link floodRates}. */
export type FloodKind = keyof typeof floodRates;

/** All of {@link floodRates}. */
export const floodKinds = Object.keys(floodRates) as readonly FloodKind[];

/** What came of a flood. */
export interface FloodFigures {
  /** Things done: below the rate times the time, where a session had to be made again. */
  readonly attempts: number;
  /** Codes that came back. */
  readonly codes: Readonly<Partial<Record<WireCode, number>>>;
}

/** Milliseconds until a session that was ended is made again: what connections cost is measured by themselves. */
const redialMs = 100;

/** Floods for so many milliseconds, or until the signal, as one new identity. */
export async function flood(
  kind: FloodKind,
  {
    transport,
    url,
    ms,
    signal,
  }: {
    readonly transport: Transport;
    readonly url: RelayUrl;
    readonly ms: number;
    readonly signal: AbortSignal;
  },
): Promise<FloodFigures> {
  const codes: Partial<Record<WireCode, number>> = {};
  const agents = new Set<WireAgent>();
  const identity = newIdentity();
  let sessions = 0;
  let attempts = 0;
  const dial = async (more: Partial<WireAgentOptions> = {}): Promise<WireAgent | undefined> => {
    try {
      const agent = await WireAgent.dial({
        ...{ transport, url, identity, names: [], sessionSeq: ++sessions },
        onCode: (code) => {
          codes[code] = (codes[code] ?? 0) + 1;
        },
        ...more,
      });
      agents.add(agent);
      return agent;
    } catch {
      return undefined; // refused before its HELLO
    }
  };
  let session = kind === 'sessions' || kind === 'forgeries' ? undefined : await dial();
  await session?.welcomed;
  const acts: Readonly<Record<FloodKind, () => void>> = {
    sessions: () => void dial(),
    forgeries: () => void dial({ isForger: true }),
    names: () => session?.addName(`flood-${attempts}@bench`),
    pings: () => session?.send({ kind: 'ping', number: attempts }),
    opens: () => session?.open(`nobody-${Math.random()}@bench`),
    streams: () => session?.tinyStream(),
  };
  const untilMs = performance.now() + ms;
  const startedMs = performance.now();
  let due = 0;
  while (performance.now() < untilMs && !signal.aborted) {
    const wanted = ((performance.now() - startedMs) / 1000) * floodRates[kind];
    // What it could not do in time it leaves out: at most as much as 10 ms ask for in one turn.
    const count = Math.min(Math.floor(wanted) - due, Math.ceil(floodRates[kind] / 100));
    due = Math.floor(wanted);
    for (let index = 0; index < count && !session?.isOver; index++) {
      acts[kind]();
      attempts++;
    }
    if (session?.isOver) {
      agents.delete(session);
      await delay(redialMs);
      session = await dial();
      await session?.welcomed;
    }
    await delay(5);
  }
  // The last codes are on their way.
  await delay(100);
  for (const agent of agents) agent.close();
  return { attempts, codes };
}
