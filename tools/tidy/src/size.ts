import { isScript, type Rule } from './tree.js';

/** Lines beyond which a source is more than one idea. */
export const sourceLinesMax = 450;

/** Sources, in TypeScript, JavaScript and Erlang, stay within {@link sourceLinesMax}. */
export const size: Rule = ({ path, text }) => {
  if (!isScript(path) && !path.endsWith('.erl')) return [];
  const lines = text.split('\n').length - 1;
  return lines > sourceLinesMax ? [{ path, line: 0, what: `${lines} lines, at most ${sourceLinesMax}` }] : [];
};
