/** `pnpm bench node-pair [--json] [--rounds N]`. */
import { cpus } from 'node:os';
import { benchNodePair, type NodePairFigures } from './node-pair.js';
import { formatTable } from './table.js';

const [name, ...options] = process.argv.slice(2);
const rounds = options.includes('--rounds') ? Number(options[options.indexOf('--rounds') + 1]) : 5;
if (name !== 'node-pair' || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('Usage: pnpm bench node-pair [--json] [--rounds N]\n');
  process.exit(2);
}
const figures = await benchNodePair({
  rounds,
  onProgress: (text) => process.stderr.write(`· ${text}\n`),
});
if (options.includes('--json')) process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
else {
  process.stdout.write(
    `medians of ${rounds} interleaved rounds, ${cpus().length} cores, Node ${process.version}\n\n`,
  );
  process.stdout.write(`${formatTable(rows(figures))}\n`);
}
process.exit(0);

function rows(all: readonly NodePairFigures[]): string[][] {
  const base = all[0]!;
  const ratio = (value: number, of: number): string => `${(value / of).toFixed(2)}x`;
  return [
    ['', 'bulk 64 KiB', '', '64 B p50', '', '64 B p99', '', 'rpc:call p50', ''],
    ...all.map((entry) => [
      entry.name,
      `${entry.bulkMBps.toFixed(0)} MB/s`,
      ratio(entry.bulkMBps, base.bulkMBps),
      `${entry.roundTripP50Us.toFixed(0)} us`,
      ratio(entry.roundTripP50Us, base.roundTripP50Us),
      `${entry.roundTripP99Us.toFixed(0)} us`,
      ratio(entry.roundTripP99Us, base.roundTripP99Us),
      `${entry.rpcP50Us.toFixed(0)} us`,
      ratio(entry.rpcP50Us, base.rpcP50Us),
    ]),
  ];
}
