/** A member's own probe of another one, from the ping until the interval is over. */
export class Probe {
  /** When others are asked; undefined once they were, or when there is an answer. */
  indirectAtMs: number | undefined;
  readonly #asked = new Set<string>();
  readonly #nacks = new Set<string>();
  #isAnswered = false;

  constructor(
    readonly target: string,
    readonly sequence: number,
    indirectAtMs: number,
  ) {
    this.indirectAtMs = indirectAtMs;
  }

  /** Whether the target answered, itself or through another. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Whether everybody who was asked, and anybody was, said that it got no answer either: then our own network works. */
  get isConfirmedByOthers(): boolean {
    return this.#asked.size > 0 && this.#nacks.size === this.#asked.size;
  }

  /** Asks another one. */
  ask(id: string): void {
    this.#asked.add(id);
  }

  /** Takes an answer; only the target and those who were asked can give one. Whether it is the first. */
  handleAck(fromId: string): boolean {
    if (this.#isAnswered || (fromId !== this.target && !this.#asked.has(fromId))) return false;
    this.#isAnswered = true;
    this.indirectAtMs = undefined;
    return true;
  }

  /** Takes "none yet" of one who was asked. */
  handleNack(fromId: string): void {
    if (this.#asked.has(fromId)) this.#nacks.add(fromId);
  }
}
