import type { TokenLimits } from '@macula/crypto';
import { tighterLimits } from '../access/tighter-limits.js';
import {
  bytesPerSecondDefault,
  failedHellosPerSecondDefault,
  hellosPerSecondDefault,
  namesDefault,
  opensPerSecondDefault,
  sessionsDefault,
  streamsDefault,
  tunnelsDefault,
  unfinishedHellosDefault,
  unknownNamesPerSecondDefault,
} from '../limits.js';

/** What somebody may have at a time. */
export interface CountLimits {
  /** Sessions, without those that a newer one of the same agent has superseded. */
  readonly sessions: number;
  /** Different names that the sessions want. */
  readonly names: number;
  /** Tunnels that were opened from this side, OPENs under way included. */
  readonly tunnels: number;
  /** Streams in the middle of their OPEN, or refused and not over yet. */
  readonly streams: number;
}

/** What somebody may do per second in the long run; for a short time more, see `quotaBurstSeconds`. */
export interface RateLimits {
  /** Tunnel bytes sent; beyond it the relay reads more slowly. */
  readonly bytesPerSecond: number;
  readonly opensPerSecond: number;
  /** OPENs to names that no relay knows. */
  readonly unknownNamesPerSecond: number;
  /** Proven HELLOs. */
  readonly hellosPerSecond: number;
}

/** Limits of one scope; what is left out is not limited there. */
export type ScopeLimits = Partial<CountLimits & RateLimits>;

/** Limits of one identity: each is set. */
export type IdentityLimits = CountLimits & RateLimits;

/** Limits of one address (IPv4) or network (IPv6, /64). */
export interface AddressLimits extends ScopeLimits {
  /** Connections whose HELLO isn't finished. */
  readonly unfinishedHellos: number;
  /** HELLOs that fail, per second; beyond it the address is slowed. */
  readonly failedHellosPerSecond: number;
}

/** The limits of a relay, checked. */
export interface QuotaLimits {
  readonly identity: IdentityLimits;
  /** Of each realm as a whole. */
  readonly realm: ScopeLimits;
  readonly address: AddressLimits;
  /** Realms with limits of their own, which take the place of those above; plain data, since it travels to the worker. */
  readonly realms: Readonly<Record<string, RealmQuotaLimits>>;
}

/** Limits of one realm by name. */
export interface RealmQuotaLimits {
  readonly identity: Partial<IdentityLimits>;
  readonly realm: ScopeLimits;
}

/** Every limit that an identity has by default. */
export const identityLimitsDefault: IdentityLimits = {
  sessions: sessionsDefault,
  names: namesDefault,
  tunnels: tunnelsDefault,
  streams: streamsDefault,
  bytesPerSecond: bytesPerSecondDefault,
  opensPerSecond: opensPerSecondDefault,
  unknownNamesPerSecond: unknownNamesPerSecondDefault,
  hellosPerSecond: hellosPerSecondDefault,
};

/** What an address has by default: the rest is not limited, since one NAT may hide 500 agents. */
export const addressLimitsDefault: AddressLimits = {
  unfinishedHellos: unfinishedHellosDefault,
  failedHellosPerSecond: failedHellosPerSecondDefault,
};

/** Nothing but the defaults. */
export const quotaLimitsDefault: QuotaLimits = {
  identity: identityLimitsDefault,
  realm: {},
  address: addressLimitsDefault,
  realms: {},
};

/** Limits of an identity in a realm: the smallest of what the relay's settings allow and what it is granted. */
export function identityLimitsOf(
  limits: QuotaLimits,
  realm: string,
  granted: TokenLimits = {},
): IdentityLimits {
  return smallestLimits({ ...limits.identity, ...ownLimits(limits, realm)?.identity }, granted);
}

/** Limits of a realm as a whole. */
export function realmLimitsOf(limits: QuotaLimits, realm: string): ScopeLimits {
  return { ...limits.realm, ...ownLimits(limits, realm)?.realm };
}

/** The smaller one of each limit. */
export function smallestLimits(limits: IdentityLimits, granted: TokenLimits): IdentityLimits {
  return { ...limits, ...tighterLimits(limits, granted) };
}

/** A realm may have the name of what every object has. */
function ownLimits({ realms }: QuotaLimits, realm: string): RealmQuotaLimits | undefined {
  return Object.hasOwn(realms, realm) ? realms[realm] : undefined;
}
