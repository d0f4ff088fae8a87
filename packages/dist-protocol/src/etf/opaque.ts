import type { Atom } from './atom.js';
import { EtfError } from './errors.js';
import type { Term } from './term.js';

/** `fun module:function/arity`. */
export class ExportFun {
  /** Discriminates {@link Term}. */
  get kind(): 'export_fun' {
    return 'export_fun';
  }

  /** @throws {EtfError} `invalid_term` when the arity is not 0 to 255. */
  constructor(
    /** The module. */
    readonly module: Atom,
    /** The function's name. */
    readonly functionName: Atom,
    /** Number of arguments, 0 to 255. */
    readonly arity: number,
  ) {
    if (!Number.isInteger(arity) || arity < 0 || arity > 255)
      throw new EtfError('invalid_term', `arity out of range: ${arity}`);
  }
}

/**
 * A fun made by `fun(…) -> … end`: its code lives in a BEAM, so here it can only be kept and sent back.
 * What is inside is not checked.
 */
export class OpaqueFun {
  /** Discriminates {@link Term}. */
  get kind(): 'opaque_fun' {
    return 'opaque_fun';
  }

  /** @throws {EtfError} `invalid_fun` for fewer than the 25 bytes of arity, uniq, index and number of free variables. */
  constructor(
    /** The body of `NEW_FUN_EXT` behind its size. A view into what was decoded. */
    readonly bytes: Uint8Array,
  ) {
    if (bytes.length < opaqueFunBytesMin) throw new EtfError('invalid_fun', `fun of ${bytes.length} bytes`);
  }

  /** Number of arguments. */
  get arity(): number {
    return this.bytes[0] ?? 0;
  }
}

/** The parts of a {@link NativeRecord}. */
export interface NativeRecordParts {
  /** The module that defines the record. */
  readonly module: Atom;
  /** The record's name. */
  readonly name: Atom;
  /** One byte as it stood on the wire; 0 for a record that its module does not export. */
  readonly flags: number;
  /** Field names and values in their order. */
  readonly fields: readonly (readonly [Atom, Term])[];
}

/** A native record, new in OTP 29: `-record #point{x, y}.` */
export class NativeRecord implements NativeRecordParts {
  /** Discriminates {@link Term}. */
  get kind(): 'native_record' {
    return 'native_record';
  }
  readonly module: Atom;
  readonly name: Atom;
  readonly flags: number;
  readonly fields: readonly (readonly [Atom, Term])[];

  /** @throws {EtfError} `invalid_term` when the flags are not one byte. */
  constructor(parts: NativeRecordParts) {
    if (!Number.isInteger(parts.flags) || parts.flags < 0 || parts.flags > 255)
      throw new EtfError('invalid_term', `flags out of range: ${parts.flags}`);
    this.module = parts.module;
    this.name = parts.name;
    this.flags = parts.flags;
    this.fields = parts.fields;
  }

  /** The value of a field, or `undefined` when the record has none of that name. */
  field(name: string): Term | undefined {
    return this.fields.find(([field]) => field.name === name)?.[1];
  }
}

const opaqueFunBytesMin = 25;
