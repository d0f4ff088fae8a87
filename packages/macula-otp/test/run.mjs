// Everything about the OTP application: compile with warnings as errors, EUnit, real BEAMs with fake agents, and dialyzer.
// `node test/run.mjs [--dialyzer] [--plt FILE] [--root DIR]... [--only TEXT] [--no-carrier]`
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCarrier } from './carrier.mjs';

const { values } = parseArgs({
  options: {
    dialyzer: { type: 'boolean' },
    plt: { type: 'string' },
    root: { type: 'string', multiple: true },
    only: { type: 'string' },
    'no-carrier': { type: 'boolean' },
  },
});
const here = path.dirname(fileURLToPath(import.meta.url));
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'macula-otp-test-'));
const ebin = path.join(temporary, 'ebin');
const beams = path.join(temporary, 'test');
let passed = 0;
let failed = 0;

function check(name, action) {
  try {
    action();
    passed++;
    console.log(`ok   ${name}`);
    return true;
  } catch (cause) {
    failed++;
    console.log(`FAIL ${name}\n${cause.stdout ?? ''}${cause.stderr ?? ''}${cause.stdout ? '' : cause.stack}`);
    return false;
  }
}

const run = (program, args) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const erlangFiles = (directory) =>
  fs.readdirSync(directory).flatMap((name) => (name.endsWith('.erl') ? [path.join(directory, name)] : []));

function compile() {
  fs.mkdirSync(ebin);
  fs.mkdirSync(beams);
  const source = path.join(here, '../src');
  run('erlc', [
    '+debug_info',
    '+warn_missing_spec',
    '+warnings_as_errors',
    '-o',
    ebin,
    ...erlangFiles(source),
  ]);
  fs.copyFileSync(path.join(source, 'macula.app.src'), path.join(ebin, 'macula.app'));
  run('erlc', ['+debug_info', '+warnings_as_errors', '-o', beams, ...erlangFiles(here)]);
}

function eunit() {
  const modules = erlangFiles(here)
    .map((file) => path.basename(file, '.erl'))
    .filter((name) => name.endsWith('_tests'));
  const script = `case eunit:test([${modules}], []) of ok -> halt(0); _ -> halt(1) end.`;
  const output = run('erl', ['-noinput', '-pa', ebin, beams, '-eval', script]);
  const count = /All (\d+) tests passed/.exec(output);
  if (!count) throw Object.assign(new Error('EUnit ran no tests'), { stdout: output });
  passed += Number(count[1]) - 1;
}

function dialyzer() {
  const plt = values.plt ?? path.join(os.homedir(), '.cache', 'macula-otp.plt');
  if (!fs.existsSync(plt)) {
    fs.mkdirSync(path.dirname(plt), { recursive: true });
    run('dialyzer', ['--build_plt', '--output_plt', plt, '--apps', 'erts', 'kernel', 'stdlib', 'crypto']);
  }
  const files = fs.readdirSync(ebin).filter((name) => name.endsWith('.beam'));
  run('dialyzer', [
    '--plt',
    plt,
    '-Wunmatched_returns',
    '-Werror_handling',
    ...files.map((name) => path.join(ebin, name)),
  ]);
}

if (spawnSync('erlc', ['-h']).error) {
  console.log('macula-otp: skipped, there is no Erlang compiler (erlc) in PATH\n0 passed, 0 failed');
} else {
  if (check('compiles without a warning', compile)) {
    check('EUnit', eunit);
    if (values.dialyzer || values.plt) check('dialyzer', dialyzer);
    if (!values['no-carrier']) {
      const [good, bad] = await runCarrier({ ebin, testBeams: beams, roots: values.root, only: values.only });
      passed += good;
      failed += bad;
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
}
fs.rmSync(temporary, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
