import type { CertificatePair } from '@macula/transport';
import type { FloodFigures, FloodKind } from '../flood/flooder.js';

/** Those who move bytes: our transports, then what they are compared with. */
export const contestantNames = [
  'quic',
  'worker',
  'tls',
  'quinn',
  'public',
  'pump',
  'node-tls',
  'node-http2',
] as const;

/** One of {@link contestantNames}. */
export type ContestantName = (typeof contestantNames)[number];

/** Where a child dials. */
export interface Target {
  readonly contestant: ContestantName;
  readonly port: number;
  readonly certificate: CertificatePair;
}

/** What a process uses. */
export interface Usage {
  /** CPU of user and system since it was started, with that of a worker process of its own where /proc tells it. */
  readonly cpuMs: number;
  /** Resident memory, bytes, after a garbage collection if one was asked for. */
  readonly rssBytes: number;
  /** Of it the JavaScript heap and what belongs to it, bytes. */
  readonly heapBytes: number;
}

/** What the bench asks of a child process: name, arguments and result. */
export interface Calls {
  /** Listens; the result is the port. */
  listen: { args: { contestant: ContestantName; certificate: CertificatePair }; result: number };
  /** Sends so many bytes on a connection of its own; milliseconds. */
  bulk: { args: Target & { bytes: number }; result: number };
  /** Round trips on a connection of their own; milliseconds each. */
  echo: { args: Target & { count: number }; result: number[] };
  usage: { args: { collect: boolean }; result: Usage };
  /** Opens connections and keeps them, with a ping every so often. */
  hold: { args: Target & { count: number; keepAliveMs: number }; result: number };
  /** Starts a relay in the child; the result is its port. */
  relay: { args: Record<string, never>; result: number };
  /** Joins a relay's mesh so many times, each with an identity and a name of its own; stays, or leaves again at once. */
  join: { args: { port: number; count: number; keepAliveMs: number; stays: boolean }; result: number };
  /** Of the connections held and the meshes joined, those still open. */
  held: { args: Record<string, never>; result: number };
  /** Makes connections, one echo on each, and closes them. */
  connections: { args: Target & { count: number }; result: number };
  /** Dials the one connection that `streams`, `resets` and `credit` use. */
  connect: { args: Target; result: null };
  /** Opens streams, one byte each way, until both ends have ended; the result is how many. */
  streams: { args: { count: number }; result: number };
  /** Opens streams that are reset, by turns here and by the listener; the result is how many. */
  resets: { args: { count: number }; result: number };
  /** Opens so many streams at once; the result is how many answered while all were open. */
  credit: { args: { count: number; waitMs: number }; result: number };
  /** Floods the relay of a URL as one identity, with the lowest priority. */
  flood: { args: { kind: FloodKind; url: string; ms: number }; result: FloodFigures };
  /** Ends the flood before its time. */
  stopFlood: { args: Record<string, never>; result: null };
}

/** Name of a call. */
export type CallName = keyof Calls;

/** From the bench to a child. */
export interface CallMessage {
  readonly id: number;
  readonly name: CallName;
  readonly args: unknown;
}

/** From a child to the bench. */
export interface ReplyMessage {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
