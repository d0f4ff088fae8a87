/**
 * Numbers of the control messages: the first element of each.
 *
 * Source: ERTS User's Guide, "Protocol between connected nodes"; 5 NODE_LINK and 17 are not used any more, 14 and 15 never were.
 */
export const Operation = {
  link: 1,
  send: 2,
  exit: 3,
  unlink: 4,
  regSend: 6,
  groupLeader: 7,
  exit2: 8,
  sendTraced: 12,
  exitTraced: 13,
  regSendTraced: 16,
  exit2Traced: 18,
  monitor: 19,
  demonitor: 20,
  monitorExit: 21,
  sendSender: 22,
  sendSenderTraced: 23,
  payloadExit: 24,
  payloadExitTraced: 25,
  payloadExit2: 26,
  payloadExit2Traced: 27,
  payloadMonitorExit: 28,
  spawnRequest: 29,
  spawnRequestTraced: 30,
  spawnReply: 31,
  spawnReplyTraced: 32,
  aliasSend: 33,
  aliasSendTraced: 34,
  unlinkId: 35,
  unlinkIdAck: 36,
  altactSend: 37,
} as const;
