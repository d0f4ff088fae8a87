import { freePorts, type OtpNode, type OtpNodeOptions, Scene } from '@macula/e2e';
import { listOfNumbers } from './list-of-numbers.js';
import { median, percentile } from './statistics.js';

/** Options of {@link benchNodePair}. */
export interface NodePairOptions {
  /** Rounds; in each, every pair is measured once. Default 5. */
  readonly rounds?: number;
  /** Called before each measurement. */
  readonly onProgress?: (text: string) => void;
}

/** Figures of one pair of nodes: medians over the rounds. */
export interface NodePairFigures {
  readonly name: string;
  /** MB/s (10^6) of 64 KiB messages in one direction. */
  readonly bulkMBps: number;
  /** Microseconds of a 64-byte message there and back. */
  readonly roundTripP50Us: number;
  readonly roundTripP99Us: number;
  /** Microseconds of `rpc:call(Node, erlang, node, [])`. */
  readonly rpcP50Us: number;
}

interface Pair {
  readonly name: string;
  readonly from: OtpNode;
  readonly to: OtpNode;
}

/**
 * Measures one node pair over plain `inet_tcp_dist`, over one relay and over two relays, interleaved in one run, because
 * figures of different moments don't compare.
 */
export async function benchNodePair(options: NodePairOptions = {}): Promise<NodePairFigures[]> {
  const { rounds = 5, onProgress = () => {} } = options;
  const scene = new Scene();
  try {
    onProgress('starting relays and nodes');
    const pairs = await startPairs(scene);
    const samples = new Map<string, NodePairFigures[]>(pairs.map(({ name }) => [name, []]));
    for (let round = 0; round <= rounds; round++)
      for (const pair of pairs) {
        onProgress(round === 0 ? `warming up: ${pair.name}` : `round ${round} of ${rounds}: ${pair.name}`);
        const figures = await measure(pair);
        if (round > 0) samples.get(pair.name)!.push(figures);
      }
    return pairs.map(({ name }) => medians(name, samples.get(name)!));
  } catch (error) {
    process.stderr.write(`${scene.transcript()}\n`);
    throw error;
  } finally {
    await scene.stop();
  }
}

async function startPairs(scene: Scene): Promise<Pair[]> {
  const relay1 = await scene.relay({ label: 'relay-1' });
  const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
  const [port1, port2] = await freePorts(2);
  const plans: readonly [string, OtpNodeOptions, OtpNodeOptions][] = [
    [
      'inet_tcp_dist',
      { name: `tcp-${port1}@127.0.0.1`, carrier: 'tcp' },
      { name: `tcp-${port2}@127.0.0.1`, carrier: 'tcp' },
    ],
    [
      'macula, 1 relay',
      { name: 'a@one.test', relays: [relay1.url] },
      { name: 'b@one.test', relays: [relay1.url] },
    ],
    [
      'macula, 2 relays',
      { name: 'a@two.test', relays: [relay1.url] },
      { name: 'b@two.test', relays: [relay2.url] },
    ],
  ];
  return Promise.all(
    plans.map(async ([name, first, second]) => {
      const [from, to] = await Promise.all([scene.node(first), scene.node(second)]);
      await from.evalUntil(`net_adm:ping('${to.name}')`, 'pong', 30_000);
      await to.eval('macula_e2e:start_echo()');
      return { name, from, to };
    }),
  );
}

async function measure({ name, from, to }: Pair): Promise<NodePairFigures> {
  const bulkMBps = Number(
    await from.eval(`macula_e2e:throughput('${to.name}', ${bulkMessages}, 65536)`, 180_000),
  );
  const roundTrips = await listOfNumbers(from, `macula_e2e:round_trips('${to.name}', ${roundTripCount})`);
  const rpc = await listOfNumbers(from, `macula_e2e:rpc_times('${to.name}', ${roundTripCount})`);
  return {
    name,
    bulkMBps,
    roundTripP50Us: percentile(roundTrips, 50),
    roundTripP99Us: percentile(roundTrips, 99),
    rpcP50Us: percentile(rpc, 50),
  };
}

function medians(name: string, samples: readonly NodePairFigures[]): NodePairFigures {
  return {
    name,
    bulkMBps: median(samples.map((sample) => sample.bulkMBps)),
    roundTripP50Us: median(samples.map((sample) => sample.roundTripP50Us)),
    roundTripP99Us: median(samples.map((sample) => sample.roundTripP99Us)),
    rpcP50Us: median(samples.map((sample) => sample.rpcP50Us)),
  };
}

/** 131 MB a measurement. */
const bulkMessages = 2000;

const roundTripCount = 2000;
