/**
 * Tag bytes of the External Term Format.
 *
 * A term on the wire is one tag byte and its body; the whole is preceded once by {@link Tag.version}. Every number is
 * unsigned and big-endian, except the digits of a bignum. Layouts, with sizes in bytes:
 *
 * ```text
 *  99 FLOAT            text:31
 *  70 NEW_FLOAT        ieee754:8
 *  97 SMALL_INTEGER    value:1
 *  98 INTEGER          value:4 (signed)
 * 110 SMALL_BIG        n:1 sign:1 digits:n (least significant first)
 * 111 LARGE_BIG        n:4 sign:1 digits:n
 * 100 ATOM             n:2 latin1:n          115 SMALL_ATOM       n:1 latin1:n
 * 118 ATOM_UTF8        n:2 utf8:n            119 SMALL_ATOM_UTF8  n:1 utf8:n
 * 104 SMALL_TUPLE      n:1 terms             105 LARGE_TUPLE      n:4 terms
 * 106 NIL              -
 * 107 STRING           n:2 bytes:n (a list of n small integers)
 * 108 LIST             n:4 terms tail
 * 109 BINARY           n:4 bytes:n
 *  77 BIT_BINARY       n:4 bits:1 bytes:n (bits 1..8 used in the last byte)
 * 116 MAP              n:4 (key value) × n
 * 103 PID              node id:4 serial:4 creation:1        88 NEW_PID   creation:4
 * 102 PORT             node id:4 creation:1                 89 NEW_PORT  creation:4
 * 120 V4_PORT          node id:8 creation:4
 * 101 REFERENCE        node id:4 creation:1
 * 114 NEW_REFERENCE    n:2 node creation:1 id:4 × n         90 NEWER_REFERENCE  creation:4
 * 113 EXPORT           module function arity (a SMALL_INTEGER term)
 * 112 NEW_FUN          size:4 (of itself and what follows) arity:1 uniq:16 index:4 free:4 module oldIndex oldUniq pid term × free
 *  67 NATIVE_RECORD    n:4 flags:1 module name fieldName × n value × n      (OTP 29)
 * ```
 *
 *  82 ATOM_CACHE_REF   index:1 (into the atoms of the distribution header before it)
 *
 * 117 FUN was removed in OTP 23 and stays unused here. 68, 69 and 70 after a version byte are distribution headers
 * (`channel/`).
 *
 * Source: ERTS User's Guide, "External Term Format".
 */
export const Tag = {
  /** First byte of every external term. */
  version: 131,
  /** Follows the version byte of a zlib-compressed term. */
  compressed: 80,
  nativeRecord: 67,
  newFloat: 70,
  bitBinary: 77,
  atomCacheRef: 82,
  newPid: 88,
  newPort: 89,
  newerReference: 90,
  smallInteger: 97,
  integer: 98,
  float: 99,
  atom: 100,
  reference: 101,
  port: 102,
  pid: 103,
  smallTuple: 104,
  largeTuple: 105,
  nil: 106,
  string: 107,
  list: 108,
  binary: 109,
  smallBig: 110,
  largeBig: 111,
  newFun: 112,
  export: 113,
  newReference: 114,
  smallAtom: 115,
  map: 116,
  atomUtf8: 118,
  smallAtomUtf8: 119,
  v4Port: 120,
} as const;
