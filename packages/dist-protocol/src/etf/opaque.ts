import type { Atom } from './atom.js';
import { EtfError } from './errors.js';
import type { Pid } from './identifiers.js';
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

/** The parts of an {@link OpaqueFun}, as `NEW_FUN_EXT` has them. */
export interface OpaqueFunParts {
  /** Number of arguments, 0 to 255. */
  readonly arity: number;
  /** 16 bytes: the MD5 of the module's code. */
  readonly uniq: Uint8Array;
  /** 32 bits: which fun of its module. */
  readonly index: number;
  /** The module. */
  readonly module: Atom;
  /** 32 bits: which fun it was before the module's code had an MD5. */
  readonly oldIndex: number;
  /** A small hash of the parse tree. */
  readonly oldUniq: number;
  /** The process that made it; OTP 27 and later forget it, and say `<0.0.0>` of their own node. */
  readonly creator: Pid;
  /** What it has taken in of where it was made. */
  readonly freeVariables: readonly Term[];
}

/** A fun made by `fun(…) -> … end`: its code lives in a BEAM, so here it can only be kept and sent back. */
export class OpaqueFun implements OpaqueFunParts {
  /** Discriminates {@link Term}. */
  get kind(): 'opaque_fun' {
    return 'opaque_fun';
  }
  readonly arity: number;
  readonly uniq: Uint8Array;
  readonly index: number;
  readonly module: Atom;
  readonly oldIndex: number;
  readonly oldUniq: number;
  readonly creator: Pid;
  readonly freeVariables: readonly Term[];

  /** @throws {EtfError} `invalid_fun` when the arity is not one byte or `uniq` not 16 bytes. */
  constructor(parts: OpaqueFunParts) {
    if (!Number.isInteger(parts.arity) || parts.arity < 0 || parts.arity > 255)
      throw new EtfError('invalid_fun', `arity out of range: ${parts.arity}`);
    if (parts.uniq.length !== 16) throw new EtfError('invalid_fun', `uniq of ${parts.uniq.length} bytes`);
    this.arity = parts.arity;
    this.uniq = parts.uniq;
    this.index = parts.index;
    this.module = parts.module;
    this.oldIndex = parts.oldIndex;
    this.oldUniq = parts.oldUniq;
    this.creator = parts.creator;
    this.freeVariables = parts.freeVariables;
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
