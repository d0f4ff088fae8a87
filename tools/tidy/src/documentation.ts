import { type Finding, isScript, isTest, type Rule } from './tree.js';

const declaration =
  /^export (declare )?(abstract class|async function|class|function|const|interface|type|enum)\b(?! [{*])/;

/** Every export of a package has a doc comment directly above it. */
export const documentation: Rule = ({ path, text }) => {
  if (!/^packages\/[^/]+\/src\//.test(path) || !isScript(path) || isTest(path)) return [];
  const lines = text.split('\n');
  return lines.flatMap((line, index): Finding[] => {
    if (!declaration.test(line)) return [];
    const above = lines[index - 1]?.trim() ?? '';
    const overload = line.startsWith('export function') && above.startsWith('export function');
    if (above.endsWith('*/') || above.startsWith('@') || overload) return [];
    return [{ path, line: index + 1, what: `no doc comment: ${line.slice(0, 80)}` }];
  });
};
