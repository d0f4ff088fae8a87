/**
 * Why a text is not a term. Always the fault of the text.
 *
 * | code | meaning |
 * |---|---|
 * | `unexpected` | a character that may not stand here, or the end of the text |
 * | `unterminated` | a quoted atom, a string or a comment-like form without its end |
 * | `no_value` | a variable, `#Fun<…>`, or a pid, port or reference whose node the text does not say and the options neither |
 * | `unsupported` | Erlang, but not a form that terms are printed in: a record without a module, a sigil, a segment of a type other than those listed |
 * | `invalid_number` | a digit beyond the base, a base outside 2 to 36, a float beyond the range |
 * | `invalid_character` | an escape of no character, or a code point that is none |
 * | `invalid_term` | what was read can't be a term; the `cause` says why, e.g. an atom of 256 characters or a key twice |
 * | `too_deep` | nested deeper than the limit |
 * | `too_large` | a text, an integer or a binary beyond the limit |
 */
export type TermSyntaxErrorCode =
  | 'unexpected'
  | 'unterminated'
  | 'no_value'
  | 'unsupported'
  | 'invalid_number'
  | 'invalid_character'
  | 'invalid_term'
  | 'too_deep'
  | 'too_large';

/** The only error that `parseTerm` throws. */
export class TermSyntaxError extends Error {
  override readonly name = 'TermSyntaxError';
  /** What happened; see {@link TermSyntaxErrorCode}. */
  readonly code: TermSyntaxErrorCode;
  /** Where in the text, in UTF-16 code units from 0. */
  readonly offset: number;
  /** Where in the text, in lines from 1. */
  readonly line: number;
  /** Where in its line, in UTF-16 code units from 1. */
  readonly column: number;

  constructor(parts: {
    readonly code: TermSyntaxErrorCode;
    readonly message: string;
    readonly text: string;
    readonly offset: number;
    readonly cause?: unknown;
  }) {
    const before = parts.text.slice(0, parts.offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const column = parts.offset - lineStart + 1;
    super(
      `${parts.message} (line ${line}, column ${column})`,
      parts.cause === undefined ? {} : { cause: parts.cause },
    );
    this.code = parts.code;
    this.offset = parts.offset;
    this.line = line;
    this.column = column;
  }
}
