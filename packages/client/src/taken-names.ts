import { takenDelaysMs } from './limits.js';

/**
 * Names that the relay has refused because another node has them: they are asked for again while they are wanted, soon at first,
 * then each half minute, since the other node may leave at any time.
 */
export class TakenNames {
  readonly #ask: (names: readonly string[]) => Promise<unknown>;
  readonly #names = new Set<string>();
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `ask` asks the relay once more, and calls {@link remove} for what was given. */
  constructor(ask: (names: readonly string[]) => Promise<unknown>) {
    this.#ask = ask;
  }

  /** These are taken; answers those of them that are news. */
  add(names: readonly string[]): readonly string[] {
    const news = names.filter((name) => !this.#names.has(name));
    if (news.length === 0) return news;
    for (const name of news) this.#names.add(name);
    this.#tries = 0;
    this.#arm();
    return news;
  }

  /** These were given, or aren't wanted any more; answers those of them that were taken. */
  remove(names: readonly string[]): readonly string[] {
    const removed = names.filter((name) => this.#names.delete(name));
    if (this.#names.size === 0) clearTimeout(this.#timer);
    return removed;
  }

  /** Asks no more. */
  close(): void {
    this.#names.clear();
    clearTimeout(this.#timer);
  }

  #arm(): void {
    const delayMs = takenDelaysMs[Math.min(this.#tries, takenDelaysMs.length - 1)]!;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#again(), delayMs * (0.9 + Math.random() * 0.2));
  }

  async #again(): Promise<void> {
    this.#tries += 1;
    this.#arm();
    await this.#ask([...this.#names]);
  }
}
