import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import type { BeamProcess } from '@macula/client';
import { atom, encodeTerm, formatTerm, isKind, type Pid, type Term, tuple } from '@macula/dist-protocol';
import { SeededRandom } from '@macula/testkit';
import { eventually, freePorts, type OtpNode, RawPeer, typescriptNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const scope = atom('pg');

export const scenario: Scenario = {
  summary:
    'pg with real nodes: every message that a scope of OTP says, and who is in, for a TypeScript node among several while everything changes',
  drivers: ['local'],
  // pg of OTP 25 crashes when it hears one of OTP 29: {discover, Pid, Version} is new to it.
  releasesApartMax: 2,
  secondsFull: 600,
  async run({ scene, seed, isFull, figure }) {
    const [portA, portB] = await freePorts(2);
    const a = await scene.node({ name: `erl-${portA}@127.0.0.1`, carrier: 'tcp' });
    const b = await scene.node({ name: `erl-${portB}@127.0.0.1`, carrier: 'tcp' });
    for (const node of [a, b]) await node.gives('element(1, pg:start(pg))', 'ok');
    await everyMessage(a);
    const steps = isFull ? 1_000 : 100;
    const count = await storm(a, b, new SeededRandom(seed), steps);
    for (const node of [a, b]) await node.gives('is_process_alive(whereis(pg))', 'true');
    figure('members after the storm', `${count} after ${steps} changes`);
  },
};

/** What a scope of OTP says to one that says no version. */
async function everyMessage(erlang: OtpNode): Promise<void> {
  const peer = await RawPeer.dial(erlang.name);
  const self = peer.pid(100);
  const scopePid = await pidOf(peer, erlang, 'whereis(pg)');
  const said = () =>
    peer.signals.flatMap((signal) =>
      signal.kind === 'send' && signal.to.id === self.id ? [signal.message] : [],
    );
  const until = (count: number) =>
    eventually(() => said().length >= count, {
      what: `${count} messages, so far ${said().map((one) => formatTerm(one))}`,
    });
  await erlang.gives(
    'P = spawn(fun() -> receive stop -> ok end end), register(p, P), Q = spawn(fun() -> receive stop -> ok end end), register(q, Q), ok',
    'ok',
  );
  const [p, q] = [await pidOf(peer, erlang, 'whereis(p)'), await pidOf(peer, erlang, 'whereis(q)')];
  await erlang.gives('pg:join({group, 1}, [whereis(p), whereis(p)])', 'ok');
  peer.send({ kind: 'send_to_name', from: self, to: scope, message: tuple(atom('discover'), self) });
  await until(2);
  for (const [index, change] of [
    'pg:join(g, whereis(p))',
    'pg:join(g, [whereis(p), whereis(q)])',
    'pg:leave(g, whereis(q))',
    'pg:leave({group, 1}, [whereis(p), whereis(p)])',
    'p ! stop, ok',
  ].entries()) {
    await erlang.gives(change, 'ok');
    await until(index + 3);
  }
  const recorded = said().map((message) => textOf(message, { P: p, Q: q, SCOPE: scopePid }));
  const isNew = Number(erlang.otp.release) >= 29;
  const one = (text: string) => (isNew ? `[${text}]` : text);
  assert.deepEqual(recorded, [
    "{'$gen_cast',{sync,SCOPE,[{{group,1},[P,P]}]}}",
    isNew ? '{discover,SCOPE,1}' : '{discover,SCOPE}',
    `{join,SCOPE,g,${one('P')}}`,
    '{join,SCOPE,g,[P,Q]}',
    `{leave,SCOPE,${one('Q')},[g]}`,
    '{leave,SCOPE,[P,P],[{group,1}]}',
    `{leave,SCOPE,${one('P')},[g,g]}`,
  ]);
  recordMessages(erlang, said(), [formatTerm(p), formatTerm(q)]);
  peer.close();
  await erlang.evalUntil('nodes(connected)', '[]');
}

/** A pid of Erlang, as it comes over the line. */
async function pidOf(peer: RawPeer, erlang: OtpNode, expression: string): Promise<Pid> {
  const before = peer.signals.length;
  await erlang.gives(`{answer, '${peer.local.name}'} ! ${expression}, ok`, 'ok');
  const answers = () =>
    peer.signals
      .slice(before)
      .flatMap((one) => (one.kind === 'send_to_name' && one.to.name === 'answer' ? [one.message] : []));
  await eventually(() => answers().length > 0, { what: `the pid of ${expression}` });
  const [pid] = answers();
  assert.ok(isKind(pid, 'pid'), `${expression} is no pid`);
  return pid;
}

function textOf(message: Term, names: Readonly<Record<string, Pid>>): string {
  let text = formatTerm(message);
  for (const [name, pid] of Object.entries(names)) text = text.replaceAll(formatTerm(pid), name);
  return text;
}

/**
 * With MACULA_RECORD_PG=FILE a line of JSON is appended for each release: what `packages/dist-protocol/vectors/pg.json` is made of.
 */
function recordMessages({ otp }: OtpNode, messages: readonly Term[], members: readonly string[]): void {
  const file = process.env.MACULA_RECORD_PG;
  if (file === undefined) return;
  const hex = messages.map((message) => Buffer.from(encodeTerm(message)).toString('hex'));
  appendFileSync(file, `${JSON.stringify({ release: otp.release, messages: hex, members })}\n`);
}

/** Joins, leaves, ends and lost connections of three nodes at once: at last they agree on who is in. */
async function storm(a: OtpNode, b: OtpNode, random: SeededRandom, steps: number): Promise<number> {
  let downs = 0;
  const node = await typescriptNode({
    onEvent: ({ kind }) => {
      if (kind === 'nodedown') downs += 1;
    },
  });
  try {
    const pg = node.pg();
    const group = atom('storm');
    const ours: BeamProcess[] = [];
    await Promise.all([a, b].map((one) => node.connect(one.name)));
    await a.gives(`net_kernel:connect_node('${b.name}')`, 'true');
    for (let step = 0; step < steps; step++) {
      const one = random.pick([a, b]);
      switch (random.integer(7)) {
        case 0:
        case 1:
          await one.eval(
            'P = spawn(fun() -> receive stop -> ok end end), pg:join(storm, lists:duplicate(rand:uniform(3), P))',
          );
          break;
        case 2:
          await one.eval('[pg:leave(storm, P) || P <- lists:sublist(pg:get_local_members(storm), 1)]');
          break;
        case 3:
          await one.eval('[P ! stop || P <- lists:sublist(pg:get_local_members(storm), 1)]');
          break;
        case 4: {
          const process = node.spawn();
          ours.push(process);
          pg.join(group, process, ...(random.chance(0.5) ? [process] : []));
          break;
        }
        case 5: {
          const process = ours[random.integer(Math.max(1, ours.length))];
          if (process === undefined) break;
          if (random.chance(0.5)) pg.leave(group, process);
          else process.exit();
          break;
        }
        default: {
          const before = downs;
          // Erlang may dial again at once, so that the node is never seen to be gone.
          if (node.disconnect(one.name)) await eventually(() => downs > before, { what: 'the end' });
          await eventually(() => node.connect(one.name, { timeoutMs: 2_000 }).then(() => true), {
            what: 'a new connection',
          });
        }
      }
    }
    pg.join(group, node.spawn());
    for (const one of [a, b]) await one.gives('pg:join(storm, whereis(init))', 'ok');
    await agree();
    return pg.members(group).length;

    async function agree(): Promise<void> {
      const expression =
        'lists:flatten(lists:join(" ", lists:sort([lists:flatten([atom_to_list(node(P)), "/", tl(string:split(pid_to_list(P), "."))]) || P <- pg:get_members(storm)])))';
      const here = () =>
        pg
          .members(group)
          .map((pid) => `${pid.node.name}/${pid.id}.${pid.serial}>`)
          .sort()
          .join(' ');
      for (const one of [a, b])
        await eventually(
          async () => {
            const there = JSON.parse(await one.eval(expression)) as string;
            assert.equal(there, here());
            return true;
          },
          { what: `${one.name} to agree` },
        );
      for (const { name } of [a, b, node]) assert.ok(here().includes(name), `${name} in ${here()}`);
    }
  } finally {
    await node.close();
  }
}
