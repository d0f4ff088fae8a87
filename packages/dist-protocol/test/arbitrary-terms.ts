import fc from 'fast-check';
import {
  type Atom,
  atom,
  BitString,
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
  termEquals,
  tuple,
} from '../src/index.js';

const name = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 }));
/** An atom. */
export const anAtom: fc.Arbitrary<Atom> = name.map(atom);
const u32 = fc.nat({ max: 0xffff_ffff });
/** A pid. */
export const aPid: fc.Arbitrary<Pid> = fc
  .record({ node: anAtom, id: u32, serial: u32, creation: u32 })
  .map((parts) => new Pid(parts));
/** A reference of up to five words. */
export const aReference: fc.Arbitrary<Reference> = fc
  .record({ node: anAtom, creation: u32, words: fc.array(u32, { minLength: 1, maxLength: 5 }) })
  .map((parts) => new Reference(parts));
const leaf: fc.Arbitrary<Term> = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => new Float(value)),
  anAtom,
  fc.uint8Array(),
  fc
    .tuple(fc.uint8Array({ minLength: 1 }), fc.integer({ min: 1, max: 7 }))
    .map(([bytes, lastBits]) => new BitString(bytes, lastBits)),
  aPid,
  fc
    .record({ node: anAtom, id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), creation: u32 })
    .map((parts) => new Port(parts)),
  aReference,
  fc.tuple(anAtom, anAtom, fc.nat({ max: 255 })).map((parts) => new ExportFun(...parts)),
);
const { term } = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('term'), { maxLength: 6 }),
    fc.array(tie('term'), { maxLength: 6 }).map((elements) => tuple(...elements)),
    fc
      .tuple(fc.array(tie('term'), { minLength: 1, maxLength: 4 }), leaf)
      .map(([elements, tail]) => new ImproperList(elements, tail)),
    fc
      .uniqueArray(fc.tuple(tie('term'), tie('term')), {
        maxLength: 5,
        comparator: ([left], [right]) => termEquals(left, right),
      })
      .map((entries) => new TermMap(entries)),
    fc
      .record({
        module: anAtom,
        name: anAtom,
        flags: fc.nat({ max: 255 }),
        fields: fc.array(fc.tuple(anAtom, tie('term')), { maxLength: 4 }),
      })
      .map((parts) => new NativeRecord(parts)),
    fc
      .record({
        arity: fc.nat({ max: 255 }),
        uniq: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        index: u32,
        module: anAtom,
        oldIndex: fc.nat({ max: 0x7fff_ffff }),
        oldUniq: fc.nat({ max: 0x7fff_ffff }),
        creator: aPid,
        freeVariables: fc.array(tie('term'), { maxLength: 3 }),
      })
      .map((parts) => new OpaqueFun(parts)),
  ),
}));

/** Any term of any kind, a few levels deep. */
export const anyTerm: fc.Arbitrary<Term> = term;
