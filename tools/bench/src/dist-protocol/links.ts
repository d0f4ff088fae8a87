import type { BeamNode } from '@macula/client';
import { atom, isTagged, isTuple, type Pid, tuple } from '@macula/dist-protocol';
import { freePorts, type OtpNode, Scene, typescriptNode } from '@macula/e2e';
import { listOfNumbers } from '../list-of-numbers.js';
import { median, percentile } from '../statistics.js';
import { formatTable } from '../table.js';

/** One pair of nodes over plain TCP: medians over the rounds. */
export interface LinkFigures {
  readonly name: string;
  /** Numbered messages with 64 bytes each, a second, until the last has been taken. */
  readonly messagesPerSecond: number;
  /** Microseconds of a call of `erlang:node/0`, half of them below; undefined where the far end runs no functions. */
  readonly rpcP50Us: number | undefined;
}

/** The pairs in their order: the first is the reference. */
export type LinksReport = readonly LinkFigures[];

/** Options of {@link benchLinks}. */
export interface LinksOptions {
  /** Rounds; in each, every pair is measured once. Default 9. */
  readonly rounds?: number;
  /** Called before each measurement. */
  readonly onProgress?: (text: string) => void;
}

/** Messages and calls between a TypeScript node and one of OTP over plain TCP, beside two of OTP, interleaved in one run. */
export async function benchLinks({
  rounds = 9,
  onProgress = () => {},
}: LinksOptions = {}): Promise<LinksReport> {
  const scene = new Scene();
  const ports = await freePorts(2);
  const node = await typescriptNode();
  try {
    onProgress('starting nodes');
    const [one, other] = await Promise.all(
      ports.map((port) => scene.node({ name: `tcp-${port}@127.0.0.1`, carrier: 'tcp' })),
    );
    if (one === undefined || other === undefined) throw new Error('two nodes were to be started');
    await one.evalUntil(`net_adm:ping('${other.name}')`, 'pong');
    await node.connect(one.name);
    const pairs: readonly (readonly [string, () => Promise<Sample>])[] = [
      ['OTP to OTP', () => otpToOtp(one, other)],
      ['TypeScript to OTP', () => typescriptToOtp(node, one)],
      ['OTP to TypeScript', () => otpToTypescript(one, node)],
    ];
    const samples = new Map<string, Sample[]>(pairs.map(([name]) => [name, []]));
    for (let round = 0; round <= rounds; round++)
      for (const [name, measure] of pairs) {
        onProgress(round === 0 ? `warming up: ${name}` : `round ${round} of ${rounds}: ${name}`);
        const sample = await measure();
        if (round > 0) samples.get(name)?.push(sample);
      }
    return pairs.map(([name]) => medians(name, samples.get(name) ?? []));
  } finally {
    await node.close();
    await scene.stop();
  }
}

/** The aims that the figures miss, a sentence each. */
export function missedByLinks([reference, ...links]: LinksReport): string[] {
  if (reference === undefined) return [];
  return links.flatMap(({ name, messagesPerSecond, rpcP50Us }) => {
    const rate = messagesPerSecond / reference.messagesPerSecond;
    const time = (rpcP50Us ?? 0) / (reference.rpcP50Us ?? 1);
    return [
      ...(rate < rateMin
        ? [`${name}: ${rate.toFixed(2)} times the messages of OTP, at least ${rateMin}`]
        : []),
      ...(time > rpcMax
        ? [`${name}: rpc takes ${time.toFixed(2)} times as long as OTP's, at most ${rpcMax}`]
        : []),
    ];
  });
}

/** The report for people. */
export function formatLinks(report: LinksReport): string {
  const [reference] = report;
  const ratio = (value: number, of: number | undefined) => `${(value / (of ?? value)).toFixed(2)}x`;
  const rows = report.map(({ name, messagesPerSecond, rpcP50Us }) => [
    name,
    `${Math.round(messagesPerSecond / 1_000)}k/s`,
    ratio(messagesPerSecond, reference?.messagesPerSecond),
    ...(rpcP50Us === undefined
      ? ['-', '']
      : [`${rpcP50Us.toFixed(0)} us`, ratio(rpcP50Us, reference?.rpcP50Us)]),
  ]);
  return `over TCP, one connection\n${formatTable([['', '64 B messages', '', 'rpc p50', ''], ...rows])}`;
}

interface Sample {
  readonly messagesPerSecond: number;
  readonly rpcP50Us: number | undefined;
}

async function otpToOtp(one: OtpNode, other: OtpNode): Promise<Sample> {
  const us = Number(
    await one.eval(`macula_e2e_typescript:times_of('${other.name}', ${messages}, ${payloadBytes})`, 60_000),
  );
  const times = await listOfNumbers(one, `macula_e2e:rpc_times('${other.name}', ${calls})`);
  return { messagesPerSecond: rateOf(us), rpcP50Us: percentile(times, 50) };
}

async function typescriptToOtp(node: BeamNode, otp: OtpNode): Promise<Sample> {
  await otp.eval(`macula_e2e_typescript:counter(${messages})`);
  const box = node.spawn();
  const payload = new Uint8Array(payloadBytes).fill(7);
  const to = { name: atom('counter'), node: atom(otp.name) };
  const startMs = performance.now();
  for (let number = 1; number <= messages; number++) {
    box.send(to, tuple(number, payload));
    // As a program that does other work as well: no turn of the event loop is longer than about a millisecond.
    if (number % messagesInTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  box.send(to, tuple(atom('counted'), box.pid));
  const answer = await box.receive({ timeoutMs: 60_000 });
  const us = (performance.now() - startMs) * 1_000;
  box.exit();
  if (!isTagged(answer, 'counted', 2) || answer.elements[1] !== atom('ok'))
    throw new Error('messages out of order');
  const times: number[] = [];
  for (let call = 0; call < calls; call++) {
    const beforeMs = performance.now();
    await node.erpc(otp.name, 'erlang', 'node', []);
    times.push((performance.now() - beforeMs) * 1_000);
  }
  return {
    messagesPerSecond: rateOf(us),
    rpcP50Us: percentile(
      times.sort((left, right) => left - right),
      50,
    ),
  };
}

async function otpToTypescript(otp: OtpNode, node: BeamNode): Promise<Sample> {
  let next = 1;
  const counter = node.register('counter', (message, process) => {
    if (!isTuple(message, 2)) return;
    if (message.elements[0] === next) next += 1;
    else if (isTagged(message, 'counted'))
      process.send(message.elements[1] as Pid, tuple(atom('counted'), next > messages ? atom('ok') : next));
  });
  const expression = `{Us, ok} = timer:tc(fun() -> macula_e2e_typescript:send_numbers({counter, '${node.name}'}, ${messages}, ${payloadBytes}), macula_e2e_typescript:counted({counter, '${node.name}'}) end), Us`;
  const us = Number(await otp.eval(expression, 60_000));
  counter.exit();
  return { messagesPerSecond: rateOf(us), rpcP50Us: undefined };
}

function rateOf(us: number): number {
  return (messages * 1e6) / us;
}

function medians(name: string, samples: readonly Sample[]): LinkFigures {
  const times = samples.flatMap(({ rpcP50Us }) => (rpcP50Us === undefined ? [] : [rpcP50Us]));
  return {
    name,
    messagesPerSecond: median(samples.map(({ messagesPerSecond }) => messagesPerSecond)),
    rpcP50Us: times.length === 0 ? undefined : median(times),
  };
}

const messages = 100_000;
const payloadBytes = 64;
const calls = 2_000;
const messagesInTurn = 1_000;
/** Of the reference's messages. */
const rateMin = 0.5;
/** Times the reference's. */
const rpcMax = 3;
