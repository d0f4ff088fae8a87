import { parseArgs } from 'node:util';

/** An option that takes a number. */
export interface NumberOption {
  readonly usual: number;
  readonly min: number;
  readonly max: number;
}

/** Numbers and flags of a simulation. */
export interface Values<Name extends string> {
  readonly numbers: Readonly<Record<Name, number>>;
  readonly flags: ReadonlySet<string>;
}

/** @throws {Error} what is wrong with the arguments */
export function parseOptions<Name extends string>(
  args: readonly string[],
  options: { readonly numbers: Readonly<Record<Name, NumberOption>>; readonly flags: readonly string[] },
): Values<Name> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(Object.keys(options.numbers).map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(options.flags.map((name) => [name, { type: 'boolean' as const }])),
    },
  });
  const numbers = Object.entries<NumberOption>(options.numbers).map(([name, { usual, min, max }]) => {
    const text = values[name];
    return [name, text === undefined ? usual : numberOf(name, String(text), min, max)] as const;
  });
  return {
    numbers: Object.fromEntries(numbers) as Record<Name, number>,
    flags: new Set(options.flags.filter((name) => values[name] === true)),
  };
}

function numberOf(name: string, text: string, min: number, max: number): number {
  if (/^\d{1,10}(\.\d{1,6})?$/.test(text) && Number(text) >= min && Number(text) <= max) {
    if (Number.isInteger(Number(text)) || !Number.isInteger(max)) return Number(text);
  }
  throw new Error(`--${name} ${text} is no number from ${min} to ${max}`);
}
