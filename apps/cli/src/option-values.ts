import { InvalidArgumentError } from 'commander';

/** For an option that may be repeated. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/**
 * Text that is not empty.
 * @throws InvalidArgumentError which Commander turns into a usage error
 */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

/**
 * A whole number from 1.
 * @throws InvalidArgumentError which Commander turns into a usage error
 */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return count;
}

/**
 * A duration such as `30d`, in seconds; units are s, m, h, d and w.
 * @throws InvalidArgumentError which Commander turns into a usage error
 */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const seconds = Number(count) * (unitSeconds[unit ?? ''] ?? 0);
  if (!(seconds > 0)) throw new InvalidArgumentError('It must be like 90s, 15m, 12h, 30d or 8w.');
  return seconds;
}

/**
 * A duration of at most ten years: a token of which nobody knows any more where it is should end by itself.
 * @throws InvalidArgumentError which Commander turns into a usage error
 */
export function parseValidity(text: string): number {
  const seconds = parseDuration(text);
  if (seconds > validityDaysMax * unitSeconds.d!)
    throw new InvalidArgumentError(`It must be at most ten years, ${validityDaysMax}d.`);
  return seconds;
}

/**
 * A time in ISO 8601, in seconds since 1970.
 * @throws InvalidArgumentError which Commander turns into a usage error
 */
export function parseTime(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!(ms >= 0)) throw new InvalidArgumentError('It must be like 2026-12-31 or 2026-12-31T12:00:00Z.');
  return Math.floor(ms / 1000);
}

/** Ten years with three leap days. */
const validityDaysMax = 3653;

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };
