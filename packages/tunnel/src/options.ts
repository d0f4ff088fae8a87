import { type RandomSource, tunnelKeyBytes } from '@macula/crypto';
import type { Tombstones } from './attach/tombstones.js';
import { utf8Bytes } from './bytes.js';
import { TunnelError } from './errors.js';
import type { RingBudget } from './flow/ring-budget.js';
import type { HandshakeOptions } from './handshake/established.js';
import {
  bootIdBytes,
  confirmTimeoutDefaultMs,
  establishTimeoutDefaultMs,
  nodeNameBytesMax,
  offsetLimitDefault,
  realmBytesMax,
  ringBytesCeiling,
  unsentBytesDefault,
  windowDefaultMs,
  windowMsMax,
} from './limits.js';

/** What an initiator is made of. */
export interface TunnelOptions {
  /** 2 (default), or 1 where *both* ends are configured for the original envelope: it is never negotiated. */
  readonly protocol?: 1 | 2;
  /** Routing scope, 1 to 255 bytes of UTF-8; equal at both ends. */
  readonly realm: string;
  /** This node's name as configured, never one from an OPEN; 1 to 1020 bytes of UTF-8. */
  readonly ownName: string;
  /** The peer's name: the one asked for, or the one an OPEN says it is from. */
  readonly peerName: string;
  /** SHA-256("macula-dist-tunnel:" ++ cookie), 32 bytes; must not change while the tunnel lives. */
  readonly tunnelKey: Uint8Array;
  /** Source of unpredictable bytes. */
  readonly random: RandomSource;
  /** This node's net_ticktime, whole seconds; told to the peer sealed. Default: 0, unknown. At most 65,535. */
  readonly ticktimeSeconds?: number;
  /**
   * Whether the tunnel goes on over another path when one is lost. Default: true; never with protocol 1, nor when the
   * peer doesn't. The shell must open paths then, or find the tunnel of an attach.
   */
  readonly resumes?: boolean;
  /** Shared by all tunnels of an agent. Default: each tunnel is bounded by itself only. */
  readonly ringBudget?: RingBudget;
  /** Bounds; each has its default. */
  readonly limits?: Partial<TunnelLimits>;
}

/** What a responder is made of. */
export interface RespondOptions extends TunnelOptions {
  /** Random at process start, 16 bytes: tells the peer whether this agent is still the same. */
  readonly bootId: Uint8Array;
  /** Shared by all tunnels of an agent: answers attaches after the end. Default: none, the secret is wiped at the end. */
  readonly tombstones?: Tombstones;
}

/** Bounds of one tunnel. */
export interface TunnelLimits {
  /**
   * Bytes held for the peer, unsent and unacknowledged, 1 to 4 MiB (default). The bound begins with
   * 256 KiB and grows as the line needs it.
   */
  readonly ringBytesMax: number;
  /** Unsent bytes at which reading from the local socket pauses, 1 to 4 MiB. Default: 256 KiB. */
  readonly unsentBytesMax: number;
  /** Bytes the peer may have sent that the local socket has not accepted, 1 to 4 MiB (default); grows as the ring does. */
  readonly windowBytesMax: number;
  /** Bytes one direction may carry, 1 to 2^53 - 1 - 1 MiB (default). */
  readonly offsetLimit: number;
  /** Records under one key, equal at both ends. Default: 2^20. */
  readonly rekeyEveryRecords: number | undefined;
  /** Responder: milliseconds from the answer to the initiator's first record. Default: 10,000. */
  readonly confirmTimeoutMs: number;
  /** Milliseconds from the offer to `up`, and from `confirmed` to `localReady`. Default: 25,000. */
  readonly establishTimeoutMs: number;
  /** Initiator: milliseconds from the loss of a path to the end of the tunnel, 1 to an hour. Default: 30,000. */
  readonly windowMs: number;
}

/**
 * The bounds with defaults filled in.
 *
 * @param limits - some of them.
 * @throws TunnelError `bad_option` when one is out of its bounds.
 */
export function tunnelLimits(limits: Partial<TunnelLimits> = {}): TunnelLimits {
  const filled: TunnelLimits = {
    ringBytesMax: ringBytesCeiling,
    unsentBytesMax: unsentBytesDefault,
    windowBytesMax: ringBytesCeiling,
    offsetLimit: offsetLimitDefault,
    rekeyEveryRecords: undefined,
    confirmTimeoutMs: confirmTimeoutDefaultMs,
    establishTimeoutMs: establishTimeoutDefaultMs,
    windowMs: windowDefaultMs,
    ...limits,
  };
  requireInteger('ringBytesMax', filled.ringBytesMax, ringBytesCeiling);
  requireInteger('unsentBytesMax', filled.unsentBytesMax, ringBytesCeiling);
  requireInteger('windowBytesMax', filled.windowBytesMax, ringBytesCeiling);
  requireInteger('offsetLimit', filled.offsetLimit, offsetLimitDefault);
  requireInteger('confirmTimeoutMs', filled.confirmTimeoutMs, timeoutMsMax);
  requireInteger('establishTimeoutMs', filled.establishTimeoutMs, timeoutMsMax);
  requireInteger('windowMs', filled.windowMs, windowMsMax);
  return filled;
}

/**
 * Checks the options both roles have.
 *
 * @param options - see {@link TunnelOptions}.
 * @throws TunnelError `bad_option`.
 */
export function requireOptions(options: TunnelOptions): void {
  requireText('realm', options.realm, realmBytesMax);
  requireText('ownName', options.ownName, nodeNameBytesMax);
  requireText('peerName', options.peerName, nodeNameBytesMax);
  requireBytes('tunnelKey', options.tunnelKey, tunnelKeyBytes);
  const ticktime = options.ticktimeSeconds ?? 0;
  if (!Number.isInteger(ticktime) || ticktime < 0 || ticktime > 65_535) {
    throw new TunnelError('bad_option', 'ticktimeSeconds must be 0 to 65535');
  }
}

/**
 * Checks a boot id.
 *
 * @param bootId - 16 bytes.
 * @throws TunnelError `bad_option`.
 */
export function requireBootId(bootId: Uint8Array): void {
  requireBytes('bootId', bootId, bootIdBytes);
}

/**
 * What the handshake of a role needs of the options: this side's own name stands where its role says.
 *
 * @param options - checked.
 * @param role - this side's.
 */
export function handshakeOptions(options: TunnelOptions, role: 'initiator' | 'responder'): HandshakeOptions {
  const { protocol = 2, realm, ownName, peerName, tunnelKey, random } = options;
  const [initiatorName, responderName] = role === 'initiator' ? [ownName, peerName] : [peerName, ownName];
  const { rekeyEveryRecords } = tunnelLimits(options.limits);
  return {
    protocol,
    parties: { realm, initiatorName, responderName },
    tunnelKey,
    random,
    ...(rekeyEveryRecords === undefined ? {} : { rekeyEveryRecords }),
  };
}

function requireInteger(name: string, value: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new TunnelError('bad_option', `${name} must be an integer from 1 to ${max}`);
  }
}

function requireText(name: string, text: string, bytesMax: number): void {
  const bytes = utf8Bytes(text).length;
  if (bytes < 1 || bytes > bytesMax) {
    throw new TunnelError('bad_option', `${name} must be 1 to ${bytesMax} bytes`);
  }
}

function requireBytes(name: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) throw new TunnelError('bad_option', `${name} must be ${expected} bytes`);
}

const timeoutMsMax = 3_600_000;
