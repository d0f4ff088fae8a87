/** The middle of these figures; of an even number the lower middle. `NaN` when there is none. */
export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    50,
  );
}

/** The value that `percent` % of these sorted figures don't exceed (nearest rank). `NaN` when there is none. */
export function percentile(sorted: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((sorted.length * percent) / 100));
  return sorted[rank - 1] ?? Number.NaN;
}
