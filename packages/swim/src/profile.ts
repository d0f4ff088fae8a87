import { SwimError } from './errors.js';

/** The knobs. */
export interface SwimProfile {
  /**
   * One member is probed in each interval, so each member is probed once per interval on average, whatever their number.
   * A dead one is noticed after one interval on average, and with N members e^-t of the deaths are noticed later than t
   * intervals. Traffic in quiet times hangs on it alone.
   */
  readonly probeIntervalMs: number;
  /**
   * Wait for a direct answer before others are asked. At least the largest round trip; what is left of the interval must hold two
   * round trips, for the indirect probe.
   */
  readonly probeTimeoutMs: number;
  /**
   * Members asked to probe indirectly (k in the paper). With 5 % loss a direct probe fails with 1 − 0.95^2 = 9.8 %, an indirect
   * one with 1 − 0.95^4 = 18.5 %: k = 3 leaves 6.2e-4 of the probes of healthy members, with 1,000 members more than one
   * suspicion a second, each told to everybody; k = 5 leaves 2.1e-5. It costs 4 messages each, in one of ten probes.
   */
  readonly indirectProbes: number;
  /**
   * A member that stands still for so long is not declared dead. The shortest suspicion is this and the time that news take
   * to get around: {@link suspicionMinMs}.
   */
  readonly stallToleranceMs: number;
  /** A suspicion that nobody confirms lasts this many times as long as the shortest one. 1 makes all alike. */
  readonly suspicionMaxMultiplier: number;
  /** So many further members that saw a probe fail make a suspicion as short as it gets. */
  readonly suspicionConfirmations: number;
  /** Worst score of the own health; interval and timeout grow up to this and one times as long. */
  readonly localHealthMax: number;
  /**
   * News is sent ceil(ln(members + 1)) and this many times by everybody. Where everybody sends it c times, a given member misses it
   * with e^-c, so any one of n does with about e^-margin: 10 make one in 20,000, whatever n is. In a wave, suspicions and deaths are
   * sent without the margin: there is no room for them, and who misses one is told by others later (SPEC.md, S14).
   */
  readonly retransmitMargin: number;
  /**
   * While there is news, it goes in each such interval to some members, besides what rides on probes. Probes alone are too
   * slow: a refutation then arrives after the suspicion is over (SPEC.md, S3).
   */
  readonly gossipIntervalMs: number;
  /** Members that get the news in each gossip interval. */
  readonly gossipFanout: number;
  /**
   * Bytes of updates in one message, as `updateBytes` counts them. With what is around them it must fit into a datagram:
   * QUIC's hold about 1,200 B. An update has some 180 B with a signature and 50 B of metadata.
   */
  readonly gossipBytesMax: number;
  /**
   * In each such interval one dead member or absent seed is asked to join, which ends a partition, and a random member is
   * sent the digest of all that is known, which repairs what gossip missed.
   */
  readonly rejoinIntervalMs: number;
  /** A dead or departed member is forgotten after this time; must outlive all gossip about it, and partitions that shall heal. */
  readonly deadRetentionMs: number;
}

/** Names of the built-in profiles. */
export type SwimProfileName = 'local' | 'lan' | 'wan';

/**
 * Built-in profiles.
 *
 * | knob | local | lan | wan |
 * |---|---|---|---|
 * | for | one machine, tests | round trips up to 150 ms | round trips up to 450 ms |
 * | probe interval / timeout | 200 / 60 ms | 500 / 200 ms | 1,500 / 500 ms |
 * | indirect probes | 3 | 5 | 5 |
 * | stall tolerance | 1 s | 5 s | 5 s |
 * | suspicion: maximum / confirmations | × 3 / 3 | × 3 / 3 | × 3 / 3 |
 * | local health, at worst | 8 | 8 | 8 |
 * | retransmit margin | 10 | 10 | 10 |
 * | gossip interval / fanout / bytes | 40 ms / 3 / 1,000 | 100 ms / 3 / 1,000 | 300 ms / 3 / 1,000 |
 * | rejoin interval | 2 s | 10 s | 15 s |
 * | dead retention | 60 s | 1 h | 24 h |
 *
 * A death is declared after a wait for the first probe (one interval on average), that probe's interval, and the shortest
 * suspicion; SPEC.md has the arithmetic, and what 1,000 members were measured to need.
 */
export const swimProfiles: Readonly<Record<SwimProfileName, SwimProfile>> = {
  local: {
    probeIntervalMs: 200,
    probeTimeoutMs: 60,
    indirectProbes: 3,
    stallToleranceMs: 1_000,
    suspicionMaxMultiplier: 3,
    suspicionConfirmations: 3,
    localHealthMax: 8,
    retransmitMargin: 10,
    gossipIntervalMs: 40,
    gossipFanout: 3,
    gossipBytesMax: 1_000,
    rejoinIntervalMs: 2_000,
    deadRetentionMs: 60_000,
  },
  lan: {
    probeIntervalMs: 500,
    probeTimeoutMs: 200,
    indirectProbes: 5,
    stallToleranceMs: 5_000,
    suspicionMaxMultiplier: 3,
    suspicionConfirmations: 3,
    localHealthMax: 8,
    retransmitMargin: 10,
    gossipIntervalMs: 100,
    gossipFanout: 3,
    gossipBytesMax: 1_000,
    rejoinIntervalMs: 10_000,
    deadRetentionMs: 3_600_000,
  },
  wan: {
    probeIntervalMs: 1_500,
    probeTimeoutMs: 500,
    indirectProbes: 5,
    stallToleranceMs: 5_000,
    suspicionMaxMultiplier: 3,
    suspicionConfirmations: 3,
    localHealthMax: 8,
    retransmitMargin: 10,
    gossipIntervalMs: 300,
    gossipFanout: 3,
    gossipBytesMax: 1_000,
    rejoinIntervalMs: 15_000,
    deadRetentionMs: 86_400_000,
  },
};

/** Returns its argument. @throws {SwimError} `invalid_option` for numbers that can't work together */
export function checkProfile(profile: SwimProfile): SwimProfile {
  for (const [name, value] of Object.entries(profile))
    if (!Number.isFinite(value) || value < 0 || (value === 0 && !mayBeNone.has(name)))
      throw new SwimError('invalid_option', `${name} is ${value}`);
  if (profile.probeTimeoutMs >= profile.probeIntervalMs)
    throw new SwimError('invalid_option', 'probeTimeoutMs must be below probeIntervalMs');
  if (profile.suspicionMaxMultiplier < 1)
    throw new SwimError('invalid_option', 'suspicionMaxMultiplier must be at least 1');
  if (profile.gossipBytesMax < updateBytesMax)
    throw new SwimError(
      'invalid_option',
      `gossipBytesMax must be at least ${updateBytesMax}, the largest update`,
    );
  return profile;
}

/**
 * How long a suspicion lasts that enough members confirmed: a suspect that stood still learns of it when it wakes up, and its
 * refutation has to reach everybody as far as the suspicion did, which takes log_(fanout+1)(members) rounds of gossip.
 */
export function suspicionMinMs(profile: SwimProfile, members: number): number {
  const rounds = Math.log(members + 1) / Math.log(profile.gossipFanout + 1);
  return profile.stallToleranceMs + rounds * profile.gossipIntervalMs;
}

/** How often a piece of news is sent among this many members. */
export function newsSends(profile: SwimProfile, members: number): number {
  return waveSends(members) + profile.retransmitMargin;
}

/** How often what others say of a member is sent in a wave: with e^-1 for all of them together, one of them misses it. */
export function waveSends(members: number): number {
  return Math.ceil(Math.log(members + 1));
}

const mayBeNone: ReadonlySet<string> = new Set(['suspicionConfirmations', 'localHealthMax']);

/** Two ids of 128, metadata of 256, a signature of 128 and 24. */
const updateBytesMax = 664;
