import { spawnSync } from 'node:child_process';
import { decodeTerm, encodeTerm, termEquals } from '@macula/dist-protocol';
import { median } from '../statistics.js';
import { formatTable } from '../table.js';
import { type EtfContestant, etfContestants } from './etf-contestants.js';
import { loadErlpack } from './etf-erlpack.js';
import { type EtfMix, type EtfMixName, etfMixes } from './etf-mixes.js';

/** Options of {@link benchEtf}. */
export interface EtfBenchOptions {
  /** Interleaved rounds, whose medians are the figures. Default 9; a round takes about three seconds. */
  readonly rounds?: number;
  /** Called before each round. */
  readonly onProgress?: (text: string) => void;
}

/** What one package takes for one mix. */
export interface EtfFigures {
  readonly name: string;
  readonly isNative: boolean;
  /** Microseconds for all terms of the mix; undefined where the package has no form for them. */
  readonly encodeUs: number | undefined;
  /** Microseconds for all terms of the mix; undefined where the package can't read them. */
  readonly decodeUs: number | undefined;
}

/** Encoding and decoding of External Term Format. */
export interface EtfReport {
  readonly rounds: number;
  /** Packages that should take part and can't, with the reason. */
  readonly missing: readonly string[];
  readonly mixes: readonly {
    readonly name: EtfMixName;
    readonly what: string;
    readonly bytes: number;
    /** This project first. */
    readonly figures: readonly EtfFigures[];
  }[];
}

/**
 * Encoding and decoding of the mixes by this project and by every other package for Node that can take part, in one process.
 * A package takes part in encoding where its bytes are the same terms, and in decoding where it reads without an error.
 * What is read is what `term_to_binary(T, [{minor_version, 1}])` of the installed OTP makes, since several packages don't know the
 * atoms that OTP 26 and later write by default.
 */
export function benchEtf({ rounds = 9, onProgress = () => {} }: EtfBenchOptions = {}): EtfReport {
  const { contestants, missing } = etfContestants(loadErlpack());
  const mixes = etfMixes().map((mix) => ({ mix, inputs: oldForm(mix) }));
  const lanes = mixes.flatMap(({ mix, inputs }) =>
    contestants.flatMap((contestant) => lanesOf(contestant, mix, inputs)),
  );
  onProgress('etf: warming up');
  for (const lane of lanes) lane.calibrate();
  for (let round = 1; round <= rounds; round++) {
    onProgress(`etf: round ${round} of ${rounds}`);
    for (const lane of lanes) lane.measure();
  }
  const figure = (mix: EtfMix, { name }: EtfContestant, work: Work): number | undefined =>
    lanes.find((lane) => lane.mix === mix.name && lane.contestant === name && lane.work === work)?.medianUs();
  return {
    rounds,
    missing,
    mixes: mixes.map(({ mix, inputs }) => ({
      name: mix.name,
      what: mix.what,
      bytes: inputs.reduce((sum, { length }) => sum + length, 0),
      figures: contestants.map((contestant) => ({
        name: contestant.name,
        isNative: contestant.isNative,
        encodeUs: figure(mix, contestant, 'encode'),
        decodeUs: figure(mix, contestant, 'decode'),
      })),
    })),
  };
}

/** The aims that were missed: this project is the fastest at everything. */
export function missedByEtf(report: EtfReport): string[] {
  return report.mixes.flatMap(({ name, figures: [own, ...others] }) =>
    (['encodeUs', 'decodeUs'] as const).flatMap((work) =>
      others
        .filter((other) => other[work] !== undefined && other[work] < own![work]!)
        .map((other) => `${name}, ${work.slice(0, -2)}: ${other.name} is faster`),
    ),
  );
}

/** The report for people. */
export function formatEtf(report: EtfReport): string {
  const parts = [
    `External Term Format, medians of ${report.rounds} interleaved rounds in one process; the ratio is to macula.`,
    'Those that turn binaries into text do work that macula does not, and lose what tells tuples from lists: see etf-contestants.ts.',
    ...report.missing.map((reason) => `Missing: ${reason}`),
  ];
  const tables = report.mixes.map(({ name, what, bytes, figures }) => {
    const [own] = figures;
    const rows = figures.map((entry) => [
      `  ${entry.name}${entry.isNative ? ' (native)' : ''}`,
      ...cells(entry.encodeUs, own!.encodeUs),
      ...cells(entry.decodeUs, own!.decodeUs),
    ]);
    return `${name}: ${what}, ${bytes} bytes\n${formatTable([['', 'encode', '', 'decode', ''], ...rows])}`;
  });
  return [parts.join('\n'), ...tables].join('\n\n');
}

function cells(figure: number | undefined, own: number | undefined): string[] {
  if (figure === undefined || own === undefined) return ['-', ''];
  return [`${figure.toFixed(figure < 100 ? 2 : 0)} us`, `${(figure / own).toFixed(2)}x`];
}

type Work = 'encode' | 'decode';

/** One package that does one thing with one mix. */
class Lane {
  #runs = 1;
  readonly #samples: number[] = [];

  constructor(
    readonly mix: EtfMixName,
    readonly contestant: string,
    readonly work: Work,
    readonly run: () => void,
  ) {}

  /** Finds how many runs make a slice, which also gives the compiler time. */
  calibrate(): void {
    while (this.#slice() < sliceNs) this.#runs *= 2;
  }

  measure(): void {
    this.#samples.push(this.#slice() / this.#runs / 1_000);
  }

  medianUs(): number {
    return median(this.#samples);
  }

  #slice(): number {
    const start = process.hrtime.bigint();
    for (let count = 0; count < this.#runs; count++) this.run();
    return Number(process.hrtime.bigint() - start);
  }
}

const sliceNs = 25e6;

function lanesOf(contestant: EtfContestant, mix: EtfMix, inputs: readonly Uint8Array[]): Lane[] {
  const lane = (work: Work, run: () => void): Lane => new Lane(mix.name, contestant.name, work, run);
  const lanes: Lane[] = [];
  const forms = formsOf(contestant, mix);
  if (forms !== undefined)
    lanes.push(
      lane('encode', () => {
        for (const form of forms) contestant.encode(form);
      }),
    );
  const read = inputs.map(contestant.inputOf);
  const isTried = contestant.unread?.includes(mix.name) !== true;
  if (isTried && read.every((input) => canRead(contestant, input)))
    lanes.push(
      lane('decode', () => {
        for (const input of read) contestant.decode(input);
      }),
    );
  return lanes;
}

/** The terms as the package takes them, where what it makes of them is the same term again; else undefined. */
export function formsOf({ formOf, encode }: EtfContestant, { terms }: EtfMix): unknown[] | undefined {
  try {
    const forms = terms.map(formOf);
    const isSame = forms.every((form, index) => {
      return termEquals(decodeTerm(encode(form)), terms[index]!);
    });
    return isSame ? forms : undefined;
  } catch {
    return undefined;
  }
}

function canRead({ decode }: EtfContestant, input: unknown): boolean {
  try {
    decode(input);
    return true;
  } catch {
    return false;
  }
}

/** The terms as OTP writes them for old nodes. */
function oldForm({ terms }: EtfMix): Uint8Array[] {
  const program = [
    'ok = io:setopts(standard_io, [{encoding, latin1}, binary]),',
    'Hex = string:trim(io:get_line("")),',
    'Terms = binary_to_term(binary:decode_hex(Hex)),',
    '[io:put_chars([binary:encode_hex(term_to_binary(T, [{minor_version, 1}])), $\\n]) || T <- Terms],',
    'halt().',
  ].join(' ');
  const { stdout, status } = spawnSync('erl', ['-noshell', '-eval', program], {
    input: `${Buffer.from(encodeTerm(terms)).toString('hex').toUpperCase()}\n`,
    encoding: 'latin1',
    maxBuffer: 64 * 1024 * 1024,
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (status !== 0 || lines.length !== terms.length) throw new Error('erl did not encode the terms');
  return lines.map((line) => new Uint8Array(Buffer.from(line, 'hex')));
}
