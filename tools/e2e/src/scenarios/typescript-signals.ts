import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import {
  atom,
  DistFlag,
  formatTerm,
  isKind,
  type Pid,
  type Signal,
  supportedFlags,
  type Term,
} from '@macula/dist-protocol';
import { eventually, freePorts, type OtpNode, RawPeer } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'every signal of the distribution protocol, from a real node and to it, with each kind of packet header, and what a broken packet costs',
  drivers: ['local'],
  async run({ scene }) {
    const [port] = await freePorts(1);
    const erlang = await scene.node({ name: `erl-${port}@127.0.0.1`, carrier: 'tcp' });
    await erlang.gives('macula_e2e_typescript:start()', 'ok');
    const { distHdrAtomCache, fragments } = DistFlag;
    for (const flags of [
      supportedFlags,
      supportedFlags & ~fragments,
      supportedFlags & ~(fragments | distHdrAtomCache),
    ]) {
      const peer = await RawPeer.dial(erlang.name, { flags });
      await fromErlang(peer, erlang);
      await toErlang(peer, erlang);
      peer.close();
      await erlang.evalUntil('nodes(connected)', '[]');
    }
    await brokenPacket(erlang);
  },
};

async function fromErlang(peer: RawPeer, erlang: OtpNode): Promise<void> {
  const to = peer.pid(1);
  // An alias of this node is whatever reference it has made.
  const from = peer.pid(9);
  peer.send({ kind: 'send_to_name', from, to: atom('keeper'), message: [to, peer.reference(7)] });
  await erlang.evalUntil('is_list(macula_e2e_typescript:received())', 'true');
  await erlang.gives('apply(macula_e2e_typescript, signals, macula_e2e_typescript:received())', 'ok');
  await eventually(() => peer.signals.some((one) => one.kind === 'send' && one.message === atom('last')), {
    what: `the last signal; so far ${peer.signals.length}, ${String(peer.failure)}`,
  });
  assert.equal(peer.failure, undefined);
  // What comes behind the last is the end of the process that has sent all that.
  const end = peer.signals.findIndex((one) => one.kind === 'send' && one.message === atom('last'));
  const signals = peer.signals.slice(0, end + 1);
  const mine = signals.filter(
    (signal) => !(signal.kind === 'send' && /^\{atom\d/.test(formatTerm(signal.message))),
  );
  const lines = mine.map(lineOf).filter((line) => !line.startsWith('send_to_name global'));
  const a = 'a'.repeat(255);
  const wanted = [
    'send 1: plain',
    'send_to_name name: named',
    'send_to_alias: aliased',
    'link 1',
    'unlink 1',
    'monitor 1',
    'demonitor 1',
    'monitor name',
    'exit2 1: {why,1}',
    'group_leader 1',
    'link 1',
    'exit 1: bye',
    'spawn_request module:function [link,monitor]: [one,2]',
    `send 1: {'é',${a},'${'€'.repeat(200)}'}`,
    'send 1: 200000 bytes',
    'send 1: fun erlang:node/0',
    'send 1: #Fun<1>',
    'send 1: traced',
    'send_to_name name: traced_name',
    'send_to_alias: traced_alias',
    'exit2 1: traced_exit',
    'spawn_request module:traced []: []',
    'link 1',
    'exit 1: traced_link',
    ...(Number(erlang.otp.release) >= 28 ? ['exit2 1: urgent_exit', 'send_to_alias: urgent'] : []),
    'send 1: last',
  ];
  assert.deepEqual(lines, wanted);
  const traced = mine
    .filter((signal) => 'token' in signal && signal.token !== undefined)
    .map(({ kind }) => kind);
  // exit/2 carries no token.
  assert.deepEqual(traced, ['send', 'send_to_name', 'send_to_alias', 'spawn_request', 'exit']);
  const atoms = signals
    .filter((signal) => !mine.includes(signal))
    .map((signal) => formatTerm((signal as { message: Term }).message));
  assert.deepEqual(
    atoms,
    Array.from({ length: 120 }, (_, at) => `{atom${(at + 1) % 40},${at + 1}}`),
  );
  recordSession(peer, erlang, signals);
}

async function toErlang(peer: RawPeer, erlang: OtpNode): Promise<void> {
  const from = peer.pid(2);
  const { signals } = peer;
  signals.length = 0;
  const until = (kind: Signal['kind'], more: (signal: Signal) => boolean = () => true) =>
    eventually(() => signals.find((signal) => signal.kind === kind && more(signal)), { what: kind });
  const spawn = {
    groupLeader: from,
    module: atom('timer'),
    functionName: atom('sleep'),
    args: [60_000],
  } as const;
  const request = { kind: 'spawn_request', from, ...spawn } as const;
  peer.send({ ...request, requestId: peer.reference(20), options: [atom('monitor'), atom('link')] });
  const reply = await until('spawn_reply');
  assert.ok(
    reply.kind === 'spawn_reply' && reply.isLinked && reply.isMonitored && isKind(reply.result, 'pid'),
  );
  const pid: Pid = reply.result;
  // Ended by an exit signal, it tells the link and the monitor.
  peer.send({ kind: 'exit2', from, to: pid, reason: atom('enough') });
  assert.equal(lineOf(await until('exit')), 'exit 2: enough');
  assert.equal(lineOf(await until('monitor_exit')), 'monitor_exit 2: enough');
  // A link that is taken away is acknowledged.
  peer.send({ ...request, requestId: peer.reference(21), options: [] });
  const second = await until(
    'spawn_reply',
    (one) => one.kind === 'spawn_reply' && one.requestId.words[0] === 21,
  );
  assert.ok(second.kind === 'spawn_reply' && isKind(second.result, 'pid'));
  const other: Pid = second.result;
  peer.send({ kind: 'link', from, to: other }, { kind: 'unlink', id: 77n, from, to: other });
  const ack = await until('unlink_ack');
  assert.ok(ack.kind === 'unlink_ack' && ack.id === 77n);
  // A monitor by name, of nobody, and one that is taken away.
  const monitor = { kind: 'monitor', from, to: atom('nobody'), reference: peer.reference(30) } as const;
  peer.send(monitor, { ...monitor, to: other, reference: peer.reference(31) });
  peer.send({ ...monitor, kind: 'demonitor', to: other, reference: peer.reference(31) });
  const gone = await until(
    'monitor_exit',
    (one) => one.kind === 'monitor_exit' && one.reference.words[0] === 30,
  );
  assert.equal(lineOf(gone), 'monitor_exit 2: noproc');
  // To an alias, with a trace token, in fragments.
  await erlang.gives(
    'register(aliased, spawn(fun() -> A = alias(), keeper ! {alias, A}, receive M -> keeper ! {aliased, M} end end))',
    'true',
  );
  await erlang.evalUntil('element(1, macula_e2e_typescript:received())', 'alias');
  const alias = await aliasOf(peer, erlang);
  peer.send({ kind: 'send_to_alias', from, to: alias, message: atom('hello') });
  await erlang.evalUntil('macula_e2e_typescript:received()', '{aliased,hello}');
  const token: Term = [];
  peer.send({ kind: 'send_to_name', from, to: atom('keeper'), message: Buffer.alloc(300_000, 'x'), token });
  await erlang.evalUntil('byte_size(macula_e2e_typescript:received())', '300000');
  peer.send({ kind: 'exit', from, to: other, reason: atom('not_linked') });
  peer.send({ kind: 'group_leader', from, to: other });
  peer.send({ kind: 'exit2', from, to: other, reason: atom('kill') });
  await erlang.gives('nodes(hidden)', `['${peer.local.name}']`);
  assert.equal(peer.failure, undefined);
}

/** The alias that the keeper keeps, sent to this peer. */
async function aliasOf(peer: RawPeer, erlang: OtpNode) {
  peer.signals.length = 0;
  const keeper = { kind: 'send_to_name', from: peer.pid(3), to: atom('me'), message: peer.pid(3) } as const;
  await erlang.gives(
    '{alias, A} = macula_e2e_typescript:received(), register(me, spawn(fun() -> receive P -> P ! A end end))',
    'true',
  );
  peer.send(keeper);
  const signal = await eventually(() => peer.signals.find((one) => one.kind === 'send'), {
    what: 'the alias',
  });
  assert.ok(signal.kind === 'send' && isKind(signal.message, 'reference'));
  return signal.message;
}

/** OTP ends the connection for what it can't read; a node here does the same, so neither goes on with garbage. */
async function brokenPacket(erlang: OtpNode): Promise<void> {
  const peer = await RawPeer.dial(erlang.name);
  peer.write(Uint8Array.of(0, 0, 0, 4, 131, 68, 0, 255));
  await eventually(() => peer.hasEnded, { what: 'the end of the connection' });
  await erlang.evalUntil('nodes(connected)', '[]');
}

/**
 * With MACULA_RECORD_SIGNALS=FILE a line of JSON is appended for each session: what `packages/dist-protocol/vectors/signals.json` is
 * made of. Long repetitions are written as such.
 */
function recordSession(peer: RawPeer, erlang: OtpNode, signals: readonly Signal[]): void {
  const file = process.env.MACULA_RECORD_SIGNALS;
  if (file === undefined) return;
  const hex = Buffer.concat(peer.received).toString('hex');
  const bytes = hex
    .split(/((?:667261676d656e74){100,})/)
    .map((part, index) => (index % 2 === 0 ? part : { repeat: '667261676d656e74', times: part.length / 16 }));
  const { release } = erlang.otp;
  const { flags } = peer.local;
  const session = { release, node: erlang.name, flags: String(flags), bytes, signals: signals.map(lineOf) };
  appendFileSync(file, `${JSON.stringify(session)}\n`);
}

function lineOf(signal: Signal): string {
  switch (signal.kind) {
    case 'send':
      return `send ${signal.to.id}: ${text(signal.message)}`;
    case 'send_to_name':
      return `send_to_name ${signal.to.name}: ${text(signal.message)}`;
    case 'send_to_alias':
      return `send_to_alias: ${text(signal.message)}`;
    case 'exit':
    case 'exit2':
    case 'monitor_exit':
      return `${signal.kind} ${signal.to.id}: ${text(signal.reason)}`;
    case 'spawn_request':
      return `spawn_request ${signal.module.name}:${signal.functionName.name} ${text(signal.options)}: ${text(signal.args)}`;
    case 'spawn_reply':
      return `spawn_reply ${text(signal.result)}`;
    case 'monitor':
    case 'demonitor':
      return `${signal.kind} ${isKind(signal.to, 'pid') ? signal.to.id : signal.to.name}`;
    default:
      return `${signal.kind} ${signal.to.id}`;
  }
}

function text(term: Term): string {
  return term instanceof Uint8Array && term.length > 100 ? `${term.length} bytes` : formatTerm(term);
}
