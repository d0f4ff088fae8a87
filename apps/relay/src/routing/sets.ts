/** Maps from a key to several values; a key without values isn't there. */

/** Adds a value to those of a key. */
export function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  let set = sets.get(key);
  if (set === undefined) sets.set(key, (set = new Set()));
  set.add(value);
}

/** Removes a value from those of a key. */
export function removeFrom<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set?.delete(value) && set.size === 0) sets.delete(key);
}
