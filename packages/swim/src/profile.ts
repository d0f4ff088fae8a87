import { SwimError } from './errors.js';

/** The knobs. */
export interface SwimProfile {
  /** One member is probed in each interval. Detection time and traffic both hang on it. */
  readonly probeIntervalMs: number;
  /** Wait for a direct answer before others are asked: above the largest round trip, below the interval. */
  readonly probeTimeoutMs: number;
  /** Members asked to probe indirectly (k in the paper). More mean fewer false suspicions on lossy paths. */
  readonly indirectProbes: number;
  /** A suspicion lasts this many intervals × max(1, log10 of the number of members). Time for the suspect to refute. */
  readonly suspicionMultiplier: number;
  /**
   * An update is sent this many times × ceil(ln(members + 1)) (λ in the paper). One that everybody sends c times misses a
   * given member with probability e^-c: with 4 and 20 members c = 16, one in nine million (8 would be one in three thousand).
   */
  readonly retransmitMultiplier: number;
  /**
   * While there is news, it goes in each such interval to some members, besides what rides on probes. Probes alone are too
   * slow: a refutation then arrives after the suspicion is over (SPEC.md, S3).
   */
  readonly gossipIntervalMs: number;
  /** Members that get the news in each gossip interval. */
  readonly gossipFanout: number;
  /** Updates in one message. 8 × ~60 B stay below 500 B. */
  readonly gossipPerMessageMax: number;
  /**
   * In each such interval one dead member or absent seed is asked to join, which ends a partition; where nobody is missing,
   * a random member is asked for its whole list, which repairs what gossip missed.
   */
  readonly rejoinIntervalMs: number;
  /** A dead or departed member is forgotten after this time; must outlive all gossip about it. */
  readonly deadRetentionMs: number;
}

/** Names of the built-in profiles. */
export type SwimProfileName = 'local' | 'lan' | 'wan';

/**
 * Built-in profiles. With 10 members a dead one is declared after about one to two intervals plus the suspicion:
 * local ~1 s, lan ~5 s, wan ~8 s.
 *
 * | knob | local | lan | wan |
 * |---|---|---|---|
 * | for | one machine, tests | round trips below 50 ms | round trips up to 800 ms, a few per cent loss |
 * | probe interval / timeout | 200 / 80 ms | 1,000 / 300 ms | 1,500 / 800 ms |
 * | indirect probes | 3 | 3 | 3 |
 * | suspicion / retransmit multiplier | 4 / 4 | 4 / 4 | 4 / 4 |
 * | gossip interval / fanout | 40 ms / 3 | 200 ms / 3 | 400 ms / 3 |
 * | rejoin interval | 2 s | 10 s | 15 s |
 * | dead retention | 60 s | 1 h | 24 h |
 */
export const swimProfiles: Readonly<Record<SwimProfileName, SwimProfile>> = {
  local: {
    probeIntervalMs: 200,
    probeTimeoutMs: 80,
    indirectProbes: 3,
    suspicionMultiplier: 4,
    retransmitMultiplier: 4,
    gossipIntervalMs: 40,
    gossipFanout: 3,
    gossipPerMessageMax: 8,
    rejoinIntervalMs: 2_000,
    deadRetentionMs: 60_000,
  },
  lan: {
    probeIntervalMs: 1_000,
    probeTimeoutMs: 300,
    indirectProbes: 3,
    suspicionMultiplier: 4,
    retransmitMultiplier: 4,
    gossipIntervalMs: 200,
    gossipFanout: 3,
    gossipPerMessageMax: 8,
    rejoinIntervalMs: 10_000,
    deadRetentionMs: 3_600_000,
  },
  wan: {
    probeIntervalMs: 1_500,
    probeTimeoutMs: 800,
    indirectProbes: 3,
    suspicionMultiplier: 4,
    retransmitMultiplier: 4,
    gossipIntervalMs: 400,
    gossipFanout: 3,
    gossipPerMessageMax: 8,
    rejoinIntervalMs: 15_000,
    deadRetentionMs: 86_400_000,
  },
};

/** Returns its argument. @throws {SwimError} `invalid_option` for numbers that can't work together */
export function checkProfile(profile: SwimProfile): SwimProfile {
  for (const [name, value] of Object.entries(profile))
    if (!Number.isFinite(value) || value <= 0) throw new SwimError('invalid_option', `${name} is ${value}`);
  if (profile.probeTimeoutMs >= profile.probeIntervalMs)
    throw new SwimError('invalid_option', 'probeTimeoutMs must be below probeIntervalMs');
  return profile;
}

/** How long a suspicion lasts among this many members. */
export function suspicionTimeoutMs(profile: SwimProfile, members: number): number {
  return profile.probeIntervalMs * profile.suspicionMultiplier * Math.max(1, Math.log10(members));
}

/** How often an update is sent among this many members. */
export function retransmitLimit(profile: SwimProfile, members: number): number {
  return profile.retransmitMultiplier * Math.ceil(Math.log(members + 1));
}
