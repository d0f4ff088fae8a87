/** Up to `count` different values in random order (partial Fisher–Yates). */
export function sample<Value>(values: readonly Value[], count: number, random: () => number): Value[] {
  const pool = [...values];
  const taken = Math.min(count, pool.length);
  for (let index = 0; index < taken; index++) {
    const other = index + Math.floor(random() * (pool.length - index));
    [pool[index], pool[other]] = [pool[other] as Value, pool[index] as Value];
  }
  return pool.slice(0, taken);
}
