import type { SeededRandom } from '@macula/testkit';
import { type Fault, recordsPerFault } from './faults.js';
import { oneIn } from './one-in.js';

/**
 * One direction of a tunnel, as a faulty relay carries it. What passes there:
 *
 *     initiator to responder: | length u16 | Noise message | then records; length is 48
 *     either direction:       | length u32 | sealed bytes | …; length is 16 to 65,625, in protocol 1 a few more
 *
 * so the first 16 bits tell which it is: those of a record are 0 or 1. Records are held until they are whole.
 */
export class FaultyRecords {
  readonly #fault: Exclude<Fault, 'forget'>;
  readonly #isNext: () => boolean;
  readonly #say: (what: string) => void;
  #held: Buffer = Buffer.alloc(0);
  #isFirst = true;
  #count = 0;
  /** The earlier one of two that are swapped. */
  #late: Buffer | undefined;

  /** `say` is told of each fault. */
  constructor(fault: Exclude<Fault, 'forget'>, random: SeededRandom, say: (what: string) => void) {
    this.#fault = fault;
    this.#isNext = oneIn(recordsPerFault, random);
    this.#say = say;
  }

  /** What becomes of these bytes; may be empty. */
  pass(bytes: Uint8Array): Buffer {
    this.#held = Buffer.concat([this.#held, bytes]);
    const left: Buffer[] = [];
    for (;;) {
      const record = this.#take();
      if (record === undefined) return Buffer.concat(left);
      if (this.#late !== undefined) {
        left.push(record, this.#late);
        this.#late = undefined;
      } else if (!this.#isHit()) left.push(record);
      else if (this.#fault === 'swap') this.#late = record;
    }
  }

  /** What is left at the end of the direction. */
  flush(): Buffer {
    return Buffer.concat([this.#late ?? Buffer.alloc(0), this.#held]);
  }

  #isHit(): boolean {
    const isHit = this.#isNext();
    this.#count++;
    if (isHit) this.#say(`${this.#fault} of record ${this.#count} of a direction`);
    return isHit;
  }

  /** The next whole record, or the Noise message. */
  #take(): Buffer | undefined {
    const bytes = this.#bytesOfNext();
    if (bytes === undefined || this.#held.length < bytes) return undefined;
    const record = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    this.#isFirst = false;
    return record;
  }

  #bytesOfNext(): number | undefined {
    const held = this.#held;
    if (held.length < 4) return undefined;
    const first = held.readUInt16BE(0);
    return this.#isFirst && first > 1 ? 2 + first : 4 + held.readUInt32BE(0);
  }
}
