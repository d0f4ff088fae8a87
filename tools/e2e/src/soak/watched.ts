import { readdirSync } from 'node:fs';
import { residentMegabytes } from '../harness/process-tree.js';

/** What one process holds. */
export interface Holding {
  readonly megabytes: number;
  readonly descriptors: number;
}

/** Rounds in which caches and pools fill, after which a process must not grow without end. */
const warmRounds = 5;
/** From so many rounds on growth is judged. */
export const judgedRounds: number = warmRounds + 2;
/** What the later half of its rounds may hold more than the earlier one: garbage that isn't collected yet, sockets of a moment. */
const growthMegabytesMax = 60;
const growthDescriptorsMax = 30;

/**
 * Watches memory and descriptors of processes from round to round. A process that was replaced starts anew. Growth is judged between
 * medians, so that one moment counts for nothing.
 */
export class Watched {
  readonly #series = new Map<string, { pid: number; readonly holdings: Holding[] }>();

  /** Looks at a process now. */
  look(label: string, pid: number): Holding {
    const holding = holdingOf(pid);
    const series = this.#series.get(label);
    if (series?.pid === pid) series.holdings.push(holding);
    else this.#series.set(label, { pid, holdings: [holding] });
    return holding;
  }

  /** A sentence for each process that grows without end. */
  complaints(): string[] {
    return [...this.#series].flatMap(([label, { holdings }]) => {
      const grown = growth(holdings);
      if (!grown) return [];
      const { megabytes, descriptors } = grown;
      return [
        ...(megabytes > growthMegabytesMax ? [`${label} holds ${megabytes.toFixed(0)} MB more`] : []),
        ...(descriptors > growthDescriptorsMax ? [`${label} holds ${descriptors} descriptors more`] : []),
      ].map((text) => `${text} in the later half of ${holdings.length} rounds`);
    });
  }

  /** A line per process: what it holds now, and how much more that is than at first. */
  table(): string[] {
    const width = Math.max(...[...this.#series.keys()].map((label) => label.length));
    return [...this.#series].map(([label, { holdings }]) => {
      const [first, last] = [holdings[0]!, holdings.at(-1)!];
      const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(0)}`;
      return [
        label.padEnd(width),
        `${last.megabytes.toFixed(0).padStart(5)} MB (${signed(last.megabytes - first.megabytes)})`,
        `${String(last.descriptors).padStart(4)} descriptors (${signed(last.descriptors - first.descriptors)})`,
        `since ${holdings.length} rounds`,
      ].join('  ');
    });
  }
}

/** Undefined while there is too little to judge by. */
export function growth(holdings: readonly Holding[]): Holding | undefined {
  const warm = holdings.slice(warmRounds);
  if (holdings.length < judgedRounds) return undefined;
  const half = Math.floor(warm.length / 2);
  const [early, late] = [warm.slice(0, half), warm.slice(-half)];
  const more = (pick: (holding: Holding) => number): number =>
    median(late.map(pick)) - median(early.map(pick));
  return {
    megabytes: more(({ megabytes }) => megabytes),
    descriptors: more(({ descriptors }) => descriptors),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function holdingOf(pid: number): Holding {
  return { megabytes: residentMegabytes(pid), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
