/**
 * Reading and writing the variables ERL_AFLAGS, ERL_FLAGS and ERL_ZFLAGS, by the rules of OTP's `erlexec`: words are
 * separated by white space, a backslash takes the next character as it is, and text in single or double quotes is one word.
 */

/** Splits the value of such a variable, or the text of an `-args_file`, into words as `erlexec` does. */
export function splitErlangFlags(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = (word ?? '') + character;
    } else if (character === '\\' && index + 1 < text.length) {
      word = (word ?? '') + text[++index]!;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Writes words so that `erlexec` reads back the same ones, whatever spaces, quotes and backslashes they contain. */
export function joinErlangFlags(words: readonly string[]): string {
  return words.map((word) => (word === '' ? '""' : word.replace(/[\s"'\\]/g, '\\$&'))).join(' ');
}

/** The text without `#` comments, which an `-args_file` may have. */
export function withoutComments(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, ''))
    .join('\n');
}

/**
 * Whether one of these arguments is the flag, or is itself a command line that contains it (`sh -c 'erl -proto_dist …'`,
 * `elixir --erl '-proto_dist …'`).
 */
export function mentionsFlag(args: readonly string[], flag: string): boolean {
  return args.some((arg) => arg === flag || arg.split(/[\s"']+/).includes(flag));
}

/** The word that follows a flag, looked for like {@link mentionsFlag}; undefined when the flag isn't there. */
export function flagValue(args: readonly string[], flag: string): string | undefined {
  const words = args.flatMap((arg) => (/\s/.test(arg) ? arg.split(/[\s"']+/) : [arg]));
  const index = words.indexOf(flag);
  return index < 0 ? undefined : words[index + 1];
}
