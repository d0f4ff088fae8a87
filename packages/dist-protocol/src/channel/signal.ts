import type { Atom } from '../etf/atom.js';
import type { Pid, Reference } from '../etf/identifiers.js';
import type { Term } from '../etf/term.js';

/** A process by its identifier, or by the name it is registered under at the receiving node. */
export type PidOrName = Pid | Atom;

/**
 * What one node tells another: a control message with what belongs to it (ERTS User's Guide, "Protocol between connected
 * nodes"). Between one sender and one receiver signals keep their order.
 *
 * | kind | control messages | meaning |
 * |---|---|---|
 * | `send` | 2 SEND, 22 SEND_SENDER | a message for a pid |
 * | `send_to_name` | 6 REG_SEND | a message for a registered name |
 * | `send_to_alias` | 33 ALIAS_SEND | a message for an alias |
 * | `link` | 1 LINK | `from` links itself to `to` |
 * | `unlink` | 35 UNLINK_ID, 4 UNLINK | takes the link away; answered with `unlink_ack` of the same id |
 * | `unlink_ack` | 36 UNLINK_ID_ACK | |
 * | `exit` | 3 EXIT, 24 PAYLOAD_EXIT | `from`, linked with `to`, has ended |
 * | `exit2` | 8 EXIT2, 26 PAYLOAD_EXIT2 | `exit(To, Reason)` |
 * | `monitor` | 19 MONITOR_P | `from` watches `to` |
 * | `demonitor` | 20 DEMONITOR_P | |
 * | `monitor_exit` | 21 MONITOR_P_EXIT, 28 PAYLOAD_MONITOR_P_EXIT | `from`, watched by `to`, has ended |
 * | `group_leader` | 7 GROUP_LEADER | makes `from` the group leader of `to` |
 * | `spawn_request` | 29 SPAWN_REQUEST | asks for a process that runs `module:function(args…)` |
 * | `spawn_reply` | 31 SPAWN_REPLY | its pid, or an atom that says why there is none |
 *
 * 37 ALTACT_SIG_SEND (OTP 28) is one of the three messages or an `exit2` with priority, which is not kept here.
 *
 * Each has a form with a trace token (12, 13, 16, 18, 23, 25, 27, 30, 32, 34), which is read, and sent when `token` is there. 5
 * NODE_LINK is not used any more.
 */
export type Signal =
  | SendSignal
  | SendToNameSignal
  | SendToAliasSignal
  | LinkSignal
  | UnlinkSignal
  | ExitSignal
  | MonitorSignal
  | MonitorExitSignal
  | GroupLeaderSignal
  | SpawnRequestSignal
  | SpawnReplySignal;

/** What any signal may carry. */
export interface Traced {
  /** Sequential trace token. */
  readonly token?: Term;
}

/** A message for a pid. */
export interface SendSignal extends Traced {
  readonly kind: 'send';
  /** The sender; undefined when the peer doesn't tell (2 SEND). */
  readonly from: Pid | undefined;
  readonly to: Pid;
  readonly message: Term;
}

/** A message for a registered name. */
export interface SendToNameSignal extends Traced {
  readonly kind: 'send_to_name';
  readonly from: Pid;
  readonly to: Atom;
  readonly message: Term;
}

/** A message for an alias. */
export interface SendToAliasSignal extends Traced {
  readonly kind: 'send_to_alias';
  readonly from: Pid;
  readonly to: Reference;
  readonly message: Term;
}

/** `from` links itself to `to`. */
export interface LinkSignal {
  readonly kind: 'link';
  readonly from: Pid;
  readonly to: Pid;
}

/** Takes a link away, or says that it is gone. */
export interface UnlinkSignal {
  readonly kind: 'unlink' | 'unlink_ack';
  /** 64 bits, not 0; tells apart repeated links of two processes. 0 stands for the old UNLINK, which wants no answer. */
  readonly id: bigint;
  readonly from: Pid;
  readonly to: Pid;
}

/** A process that has ended tells one that is linked (`exit`), or a process is told to end (`exit2`). */
export interface ExitSignal extends Traced {
  readonly kind: 'exit' | 'exit2';
  readonly from: Pid;
  readonly to: Pid;
  readonly reason: Term;
}

/** Begins or ends watching a process. */
export interface MonitorSignal {
  readonly kind: 'monitor' | 'demonitor';
  readonly from: Pid;
  readonly to: PidOrName;
  readonly reference: Reference;
}

/** A watched process has ended. */
export interface MonitorExitSignal {
  readonly kind: 'monitor_exit';
  /** As the `monitor` has named it. */
  readonly from: PidOrName;
  readonly to: Pid;
  readonly reference: Reference;
  readonly reason: Term;
}

/** Makes `from` the group leader of `to`. */
export interface GroupLeaderSignal {
  readonly kind: 'group_leader';
  readonly from: Pid;
  readonly to: Pid;
}

/** Asks for a new process. */
export interface SpawnRequestSignal extends Traced {
  readonly kind: 'spawn_request';
  readonly requestId: Reference;
  readonly from: Pid;
  readonly groupLeader: Pid;
  readonly module: Atom;
  readonly functionName: Atom;
  /** Options such as `monitor`, `link`, `{name, Name}`, `{reply, …}`. */
  readonly options: readonly Term[];
  readonly args: readonly Term[];
}

/** Answers a `spawn_request`. */
export interface SpawnReplySignal extends Traced {
  readonly kind: 'spawn_reply';
  readonly requestId: Reference;
  readonly to: Pid;
  /** The new process is linked with `to`. */
  readonly isLinked: boolean;
  /** The new process is watched by `to`, with the request's id as its reference. */
  readonly isMonitored: boolean;
  /** The new process, or why there is none: `notsup`, `badopt`, `system_limit`, … */
  readonly result: PidOrName;
}
