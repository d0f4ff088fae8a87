import { describe, expect, it } from 'vitest';
import { type SourceFile, sourceTree } from './tree.js';
import { type Commands, checkCommands, isWorkflow, limitWorkflow, lintWorkflow } from './workflows.js';

const tree = sourceTree();
const workflows = tree.filter(isWorkflow);
const textOf = (path: string): string => tree.find((file) => file.path === path)!.text;
const commands: Commands = {
  scripts: Object.keys((JSON.parse(textOf('package.json')) as { scripts: object }).scripts),
  stages: stagesOf(textOf('tools/setup/test.mjs')),
  paths: tree.map(({ path }) => path),
};

/** A workflow that is right, with one text in it replaced. */
function workflow(text = '', replacement = ''): SourceFile {
  expect(right).toContain(text);
  return { path: '.github/workflows/a.yml', text: right.replace(text, replacement) };
}

const right = `on:
  push:
    branches: [main]
permissions:
  contents: read
concurrency:
  group: a
  cancel-in-progress: true
jobs:
  first:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    strategy:
      fail-fast: false
      matrix:
        node: [20, 22]
    steps:
      - uses: actions/setup-node@v6
        with:
          node-version: \${{ matrix.node }}
      - run: npm run setup
      - run: npm test -- --only lint,unit
  second:
    needs: [first]
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - run: sudo -E env "PATH=$PATH" npm run e2e -- --driver netns --otp 25,27 --scenario ping,rpc --quick
      - run: |
          .ci/run && node tools/setup/setup.mjs
          npm run -s bench -- node-pair
`;

describe('workflows', () => {
  it('are there', () => {
    expect(workflows.map(({ path }) => path)).toContain('.github/workflows/ci.yml');
  });

  it('may be as they should be', async () => {
    expect(await lintWorkflow(workflow())).toEqual([]);
    expect(limitWorkflow(workflow())).toEqual([]);
    expect(checkCommands(workflow(), commands)).toEqual([]);
  });

  it.each([
    ['an unknown key', 'timeout-minutes: 5', 'timeout-minuts: 5', /unexpected key "timeout-minuts"/],
    ['an unknown event', 'push:', 'pushed:', /unknown Webhook event "pushed"/],
    ['an unknown machine', 'ubuntu-latest', 'ubuntu-newest', /label "ubuntu-newest" is unknown/],
    ['needs of no job', '[first]', '[frist]', /needs job "frist" which does not exist/],
    ['an expression that is none', 'matrix.node }}', 'matrix.node( }}', /unexpected|parsing/],
    ['a name that is no context', 'matrix.node }}', 'matrx.node }}', /undefined variable "matrx"/],
    ['no entry of the matrix', 'matrix.node }}', 'matrix.nod }}', /property "nod" is not defined/],
    ['a step that does nothing', 'run: npm run setup', 'name: setup', /step must run script|"run" or "uses"/],
    ['YAML that is none', 'steps:', 'steps: [', /Flow sequence|sequence/],
  ])('are refused with %s', async (_, text, replacement, message) => {
    const findings = await lintWorkflow(workflow(text, replacement));
    expect(findings.map(({ what }) => what).join('\n')).toMatch(message);
  });

  it.each([
    ['permissions', 'permissions:\n  contents: read\n', '', /no permissions/],
    ['concurrency', 'concurrency:\n  group: a\n  cancel-in-progress: true\n', '', /no concurrency/],
    ['a time-out', '    timeout-minutes: 5\n', '', /job first: no timeout-minutes/],
    ['fail-fast: false', 'fail-fast: false', 'max-parallel: 2', /job first: fail-fast/],
    ['the version of an action', 'setup-node@v6', 'setup-node@main', /has no version/],
  ])('are refused without %s', (_, text, replacement, message) => {
    const findings = limitWorkflow(workflow(text, replacement));
    expect(findings.map(({ what }) => what).join('\n')).toMatch(message);
  });

  it.each([
    ['script', 'npm run setup', 'npm run setupp', /no script setupp/],
    ['script at the end', 'npm run -s bench', 'npm run -s benhc', /no script benhc/],
    ['script behind sudo', 'npm run e2e', 'npm run e3e', /no script e3e/],
    ['separator', 'npm run e2e --', 'npm run e2e', /npm takes/],
    ['stage', 'lint,unit', 'lint,units', /no stage units/],
    ['scenario', 'ping,rpc', 'ping,rcp', /no scenario "rcp"/],
    ['driver', '--driver netns', '--driver nets', /no driver "nets"/],
    ['release', '25,27', '25,2x', /a release is a number/],
    ['flag', '--quick', '--quickly', /--quickly/],
    ['file', 'tools/setup/setup.mjs', 'tools/setup/set-up.mjs', /there is no tools\/setup\/set-up.mjs/],
  ])('are refused with a %s that does not exist', (_, text, replacement, message) => {
    const findings = checkCommands(workflow(text, replacement), commands);
    expect(findings.map(({ what }) => what).join('\n')).toMatch(message);
  });

  it.each(workflows)('$path holds all of it', async (file) => {
    expect([...(await lintWorkflow(file)), ...limitWorkflow(file), ...checkCommands(file, commands)]).toEqual(
      [],
    );
  });
});

/** The keys of `stages`, in the text of the script: to import it is to run it. */
function stagesOf(script: string): string[] {
  const body = /^const stages = \{\n(.*?)^\};/ms.exec(script)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+): \(\) =>/gm)].map(([, name]) => name!);
}
