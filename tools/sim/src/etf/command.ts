import { parseArgs } from 'node:util';
import { makeOtp, type Otp, systemOtp } from '@macula/otp-releases';
import { type RoundTripResult, runRoundTrip } from './round-trip.js';

/** `npm run sim -- etf` */
export const etf = {
  usage: `etf [--terms N] [--seed S] [--otp 25,27,29] [--json]
  Terms of every kind go through a real emulator and back: N that are made here, and N that OTP makes. The status is 1 when one is not the
  same again, by its bytes or by its text.

  --terms  of each side; default 5000
  --seed   default 1
  --otp    releases, which are fetched where they are missing; default the one in PATH
  --json   figures for machines on standard output
`,
  prepare(args: readonly string[]): () => Promise<number> {
    const { values } = parseArgs({
      args: [...args],
      options: {
        terms: { type: 'string', default: '5000' },
        seed: { type: 'string', default: '1' },
        otp: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const terms = wholeNumber('terms', values.terms);
    const seed = wholeNumber('seed', values.seed);
    return () => run({ terms, seed, releases: values.otp?.split(','), isJson: values.json });
  },
};

async function run(options: {
  readonly terms: number;
  readonly seed: number;
  readonly releases: readonly string[] | undefined;
  readonly isJson: boolean;
}): Promise<number> {
  const { terms, seed, releases, isJson } = options;
  const results: RoundTripResult[] = [];
  for (const otp of releases?.map((release) => makeOtp(release)) ?? [inPath()]) {
    const result = await runRoundTrip({ otp, seed, terms });
    results.push(result);
    if (!isJson) process.stdout.write(`${lineOf(result)}\n`);
  }
  if (isJson) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  return results.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

function lineOf({ release, failures, seconds, ...counts }: RoundTripResult): string {
  const { fromHere, textsRead, fromOtp, textsParsed } = counts;
  return [
    `OTP ${release}: ${fromHere} terms from here and ${textsRead} texts of them, ${fromOtp} terms of OTP and ${textsParsed} texts of them; ${seconds} s`,
    ...failures.map((failure) => `  ${failure}`),
  ].join('\n');
}

function inPath(): Otp {
  const otp = systemOtp();
  if (otp === undefined) throw new Error('no erl in PATH');
  return otp;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new Error(`--${name} ${text} is no number from 1 to 99999999`);
  return Number(text);
}
