import type { Atom } from './atom.js';
import { EtfError } from './errors.js';
import { referenceWordsMax } from './limits.js';

const u64 = 0xffff_ffff_ffff_ffffn;

/** The parts of a {@link Pid}. */
export interface PidParts {
  /** The node it lives on. */
  readonly node: Atom;
  /** 32 bits: the first number of `<0.90.1>` as seen on its own node, i.e. 90. */
  readonly id: number;
  /** 32 bits: the second number. */
  readonly serial: number;
  /** 32 bits: tells apart two lives of one node name; 0 only for a node that is not distributed. */
  readonly creation: number;
}

/** A process identifier. */
export class Pid implements PidParts {
  /** Discriminates {@link Term}. */
  get kind(): 'pid' {
    return 'pid';
  }
  readonly node: Atom;
  readonly id: number;
  readonly serial: number;
  readonly creation: number;

  /** @throws {EtfError} `invalid_term` when a number does not fit into 32 bits. */
  constructor(parts: PidParts) {
    this.node = parts.node;
    this.id = checkU32(parts.id, 'id');
    this.serial = checkU32(parts.serial, 'serial');
    this.creation = checkU32(parts.creation, 'creation');
  }
}

/** The parts of a {@link Port}. */
export interface PortParts {
  /** The node it lives on. */
  readonly node: Atom;
  /** 64 bits since OTP 24; older nodes send 28 of them. */
  readonly id: bigint;
  /** 32 bits, see {@link PidParts.creation}. */
  readonly creation: number;
}

/** A port identifier. */
export class Port implements PortParts {
  /** Discriminates {@link Term}. */
  get kind(): 'port' {
    return 'port';
  }
  readonly node: Atom;
  readonly id: bigint;
  readonly creation: number;

  /** @throws {EtfError} `invalid_term` when a number does not fit. */
  constructor(parts: PortParts) {
    if (parts.id < 0n || parts.id > u64)
      throw new EtfError('invalid_term', `port id out of range: ${parts.id}`);
    this.node = parts.node;
    this.id = parts.id;
    this.creation = checkU32(parts.creation, 'creation');
  }
}

/** The parts of a {@link Reference}. */
export interface ReferenceParts {
  /** The node that made it. */
  readonly node: Atom;
  /** 32 bits, see {@link PidParts.creation}. */
  readonly creation: number;
  /** One to five 32-bit words in wire order (the reverse of how `#Ref<…>` prints them). */
  readonly words: readonly number[];
}

/** A reference, as made by `make_ref/0`, `monitor/2` or an alias. */
export class Reference implements ReferenceParts {
  /** Discriminates {@link Term}. */
  get kind(): 'reference' {
    return 'reference';
  }
  readonly node: Atom;
  readonly creation: number;
  readonly words: readonly number[];

  /**
   * @throws {EtfError} `invalid_reference` when there is no word or more than five, `invalid_term` when a number does not fit
   * into 32 bits.
   */
  constructor(parts: ReferenceParts) {
    if (parts.words.length < 1 || parts.words.length > referenceWordsMax)
      throw new EtfError('invalid_reference', `reference of ${parts.words.length} words`);
    this.node = parts.node;
    this.creation = checkU32(parts.creation, 'creation');
    for (const word of parts.words) checkU32(word, 'word');
    this.words = parts.words;
  }
}

function checkU32(value: number, what: string): number {
  if (value !== value >>> 0)
    throw new EtfError('invalid_term', `${what} does not fit into 32 bits: ${value}`);
  return value;
}
