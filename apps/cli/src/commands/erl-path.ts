import { builtErlangApp } from '../erlang-app.js';

/** `macula erl-path`: one line on stdout, the directory for `erl -pa`. */
export function runErlPathCommand(): void {
  process.stdout.write(`${builtErlangApp()}\n`);
}
