/** Things that happen later, in order of time, and of putting in where that is equal: a binary heap, for millions of them. */
export class EventQueue<Event> {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly event: Event }[] = [];
  #order = 0;

  /** Things that wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the next thing happens; infinite when nothing waits. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Puts something in. */
  push(atMs: number, event: Event): void {
    const heap = this.#heap;
    const entry = { atMs, order: this.#order++, event };
    let place = heap.push(entry) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(entry, heap[parent] as typeof entry)) break;
      heap[place] = heap[parent] as typeof entry;
      place = parent;
    }
    heap[place] = entry;
  }

  /** Takes the next thing out. */
  shift(): { readonly atMs: number; readonly event: Event } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as typeof last, heap[child] as typeof last))
        child += 1;
      if (!isBefore(heap[child] as typeof last, last)) break;
      heap[place] = heap[child] as typeof last;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

interface Ordered {
  readonly atMs: number;
  readonly order: number;
}

function isBefore(one: Ordered, other: Ordered): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}
