import {
  type Atom,
  atom,
  BitString,
  binary,
  charlist,
  ExportFun,
  Float,
  ImproperList,
  NativeRecord,
  OpaqueFun,
  Pid,
  Port,
  Reference,
  type Term,
  TermMap,
  Tuple,
  termEquals,
} from '@macula/dist-protocol';
import type { SeededRandom } from '@macula/testkit';

/** Terms of every kind that an emulator of this release can read and write as they were, the same for the same seed. */
export class TermGenerator {
  readonly #random: SeededRandom;
  readonly #release: number;

  constructor(random: SeededRandom, release: number) {
    this.#random = random;
    this.#release = release;
  }

  /** A term of at most `depth` levels. Default 6. */
  term(depth: number = 6): Term {
    return depth > 0 && this.#random.chance(0.35) ? this.#compound(depth - 1) : this.#leaf();
  }

  #leaf(): Term {
    const random = this.#random;
    switch (random.integer(15)) {
      case 0:
        return random.integer(256);
      case 1:
        return random.uint32() - 2 ** 31;
      case 2:
        return this.#nearPower();
      case 3:
        return this.#bignum(random.integer(280));
      case 4:
        return new Float(random.pick(floats));
      case 5:
        return new Float((random.next() - 0.5) * 10 ** (random.integer(600) - 300));
      case 6:
        return random.bytes(random.integer(40));
      case 7:
        return binary(this.#text());
      case 8:
        return new BitString(random.bytes(1 + random.integer(9)), 1 + random.integer(7));
      case 9:
        return charlist(this.#text());
      case 10:
        return this.#identifier();
      case 11:
        return new ExportFun(this.#atom(), this.#atom(), random.integer(256));
      case 12:
        return [];
      default:
        return this.#atom();
    }
  }

  #compound(depth: number): Term {
    const random = this.#random;
    switch (random.integer(9)) {
      case 0:
        return this.#some(5, depth);
      case 1:
        return new ImproperList(this.#some(4, depth), this.#noList());
      case 2:
        return this.#some(60, 0);
      case 3:
        return this.#map(random.integer(6), depth);
      case 4:
        return this.#map(random.integer(60), 0);
      case 5:
        return this.#release >= 29 ? this.#nativeRecord(depth) : this.#map(2, depth);
      case 6:
        return new Tuple(this.#some(random.chance(0.1) ? 400 : 3, 0));
      case 7:
        return this.#fun(depth);
      default:
        return new Tuple(this.#some(5, depth));
    }
  }

  #some(most: number, depth: number): Term[] {
    return Array.from({ length: 1 + this.#random.integer(most) }, () => this.term(depth));
  }

  #noList(): Term {
    for (;;) {
      const term = this.#leaf();
      if (!Array.isArray(term)) return term;
    }
  }

  /** Until OTP 27, 0.0 and -0.0 are one key. */
  #map(size: number, depth: number): TermMap {
    const entries: [Term, Term][] = [];
    for (let index = 0; index < size; index++) {
      const key = this.term(depth);
      const isNew = entries.every(([other]) => !termEquals(withoutSign(other), withoutSign(key)));
      if (isNew) entries.push([key, this.term(depth)]);
    }
    return new TermMap(entries);
  }

  #nearPower(): Term {
    const power = 2n ** BigInt(this.#random.integer(70)) + BigInt(this.#random.integer(3)) - 1n;
    const value = this.#random.chance(0.5) ? power : -power;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #bignum(bytes: number): Term {
    const hex = Buffer.from(this.#random.bytes(bytes + 9)).toString('hex');
    const value = BigInt(`0x1${hex}`);
    return this.#random.chance(0.5) ? value : -value;
  }

  #text(): string {
    return Array.from({ length: this.#random.integer(14) }, () => this.#random.pick(characters)).join('');
  }

  /** Few, since the emulator never forgets one. */
  #atom(): Atom {
    const random = this.#random;
    return atom(random.chance(0.5) ? random.pick(atoms) : `atom_${random.integer(1_000)}`);
  }

  #node(): Atom {
    return atom(`n${this.#random.integer(20)}@host`);
  }

  #identifier(): Term {
    const random = this.#random;
    const common = { node: this.#node(), creation: 1 + random.integer(50) };
    switch (random.integer(3)) {
      case 0:
        return new Pid({ ...common, id: random.uint32(), serial: random.uint32() });
      case 1: {
        const id = random.chance(0.5)
          ? BigInt(random.integer(2 ** 28))
          : (BigInt(random.uint32()) << 32n) + BigInt(random.uint32());
        return new Port({ ...common, id });
      }
      default: {
        // The emulator refuses a first word of more than 18 bits.
        const rest = Array.from({ length: random.integer(5) }, () => random.uint32());
        return new Reference({ ...common, words: [random.integer(2 ** 18), ...rest] });
      }
    }
  }

  /** A fun of a module that the peer does not have. Since OTP 27 the emulator forgets who made one, and says its own first process. */
  #fun(depth: number): Term {
    const random = this.#random;
    return new OpaqueFun({
      arity: random.integer(256),
      uniq: random.bytes(16),
      index: random.integer(100),
      module: this.#atom(),
      oldIndex: random.integer(100),
      oldUniq: random.integer(2 ** 27),
      creator:
        this.#release >= 27
          ? new Pid({ node: atom('nonode@nohost'), creation: 0, id: 0, serial: 0 })
          : new Pid({ node: this.#node(), creation: 3, id: random.uint32(), serial: 0 }),
      freeVariables: random.chance(0.5) ? [] : this.#some(3, depth),
    });
  }

  #nativeRecord(depth: number): Term {
    const fields = new Set(Array.from({ length: this.#random.integer(5) }, () => this.#atom()));
    return new NativeRecord({
      module: this.#atom(),
      name: this.#atom(),
      flags: this.#random.integer(2),
      fields: Array.from(fields, (field) => [field, this.term(depth)] as const),
    });
  }
}

function withoutSign(term: Term): Term {
  return term instanceof Float && term.value === 0 ? new Float(0) : term;
}

const floats = [0, -0, 1, -1.5, 0.1, 1e22, 1e300, 5e-324, 2.2250738585072014e-308, Number.MAX_VALUE];
const characters = ['a', 'Z', '"', '\\', '\n', '\0', "'", 'ä', 'λ', '日', '😀', ' ', '\x7f'];
const atoms = [
  'ok',
  'error',
  'true',
  'undefined',
  '',
  'A b',
  'end',
  'maybe',
  "it's",
  'back\\slash',
  'new\nline',
  'äöü',
  'λόγος',
  '日本',
  '😀',
  'x'.repeat(255),
  'λ'.repeat(255),
  '😀'.repeat(100),
];
