// Everything about the OTP application, on one OTP release or several: compile with warnings as errors, EUnit, Common Test, dialyzer, and
// real BEAMs with fake agents. `node test/run.mjs [--otp 25[,27,29]] [--dialyzer] [--only TEXT] [--no-carrier]`
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { findOtp, OtpMissingError, systemOtp } from '@macula/otp-releases';
import { runCarrier } from './carrier.mjs';

const { values } = parseArgs({
  options: {
    otp: { type: 'string' },
    dialyzer: { type: 'boolean' },
    only: { type: 'string' },
    'no-carrier': { type: 'boolean' },
  },
});
const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, '../src');
/** Compiled by the release in PATH. */
const built = path.join(here, '../ebin');
/** Of one program's output. */
const outputBytesMax = 64 * 1024 * 1024;
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'macula-otp-test-'));
let passed = 0;
let failed = 0;
let skipped = 0;

const erlangFiles = (directory) =>
  fs.readdirSync(directory).flatMap((name) => (name.endsWith('.erl') ? [path.join(directory, name)] : []));

async function check(name, action) {
  const started = Date.now();
  try {
    await action();
    passed++;
    console.log(`ok   ${name} (${Date.now() - started} ms)`);
    return true;
  } catch (cause) {
    failed++;
    console.log(`FAIL ${name}\n${cause.stdout ?? ''}${cause.stderr ?? ''}${cause.stdout ? '' : cause.stack}`);
    return false;
  }
}

function skip(what) {
  skipped++;
  console.log(`skip ${what}`);
}

/** The application and its tests under one release. */
class Release {
  constructor(otp) {
    this.otp = otp;
    this.directory = path.join(temporary, otp.release);
    this.ebin = path.join(this.directory, 'ebin');
    this.beams = path.join(this.directory, 'test');
  }

  async run(program, args, { env = {}, isPatient = false } = {}) {
    const { command, args: all } = this.otp.command(program, args);
    const running = promisify(execFile)(command, all, {
      cwd: this.directory,
      env: { ...this.otp.environment(process.env), ...env },
      maxBuffer: outputBytesMax,
    });
    const { pid, stdin } = running.child;
    stdin.end();
    if (isPatient && pid !== undefined) os.setPriority(pid, os.constants.priority.PRIORITY_LOW);
    return (await running).stdout;
  }

  /** Without those tests that need Common Test, where there is none. */
  async compile() {
    fs.mkdirSync(this.ebin, { recursive: true });
    fs.mkdirSync(this.beams);
    const strict = ['+debug_info', '+warnings_as_errors'];
    await this.run('erlc', [...strict, '+warn_missing_spec', '-o', this.ebin, ...erlangFiles(source)]);
    fs.copyFileSync(path.join(source, 'macula.app.src'), path.join(this.ebin, 'macula.app'));
    const tests = erlangFiles(here).filter((file) => this.otp.has('ct_run') || !file.endsWith('_SUITE.erl'));
    await this.run('erlc', [...strict, '-o', this.beams, ...tests]);
  }

  async eunit() {
    const modules = erlangFiles(here)
      .map((file) => path.basename(file, '.erl'))
      .filter((name) => name.endsWith('_tests'));
    const script = `case eunit:test([${modules}], []) of ok -> halt(0); _ -> halt(1) end.`;
    const vectors = path.join(here, '../../dist-protocol/vectors');
    const env = {
      ETF_VECTORS: path.join(vectors, 'etf.json'),
      SIGNALS_VECTORS: path.join(vectors, 'signals.json'),
    };
    const output = await this.run('erl', ['-noinput', '-pa', this.ebin, this.beams, '-eval', script], {
      env,
    });
    const count = /All (\d+) tests passed/.exec(output);
    if (!count) throw Object.assign(new Error('EUnit ran no tests'), { stdout: output });
    passed += Number(count[1]) - 1;
  }

  async commonTest() {
    const logs = path.join(this.directory, 'ct');
    const mesh = path.join(this.directory, 'mesh');
    fs.mkdirSync(logs);
    fs.mkdirSync(mesh, { mode: 0o700 });
    const suites = erlangFiles(here)
      .map((file) => path.basename(file, '.erl'))
      .filter((name) => name.endsWith('_SUITE'));
    const env = { FAKE_MESH: mesh, TMPDIR: mesh, MACULA_AGENT: path.join(here, 'fake-agent.mjs') };
    const output = await this.run(
      'ct_run',
      [
        // Of its own: other releases and other working trees are tested at the same time.
        ...['-sname', `ct-${this.otp.release}-${process.pid}`],
        ...['-noinput', '-no_auto_compile', '-dir', this.beams, '-suite', ...suites],
        ...['-logdir', logs, '-pa', this.ebin],
      ],
      { env },
    ).catch((cause) => {
      cause.stdout += failureReasons(logs);
      throw cause;
    });
    const count = /(\d+) ok, (\d+) failed/.exec(
      output
        .split('\n')
        .reverse()
        .find((line) => / ok, /.test(line)) ?? '',
    );
    if (count?.[2] !== '0' || count[1] === '0')
      throw Object.assign(new Error('Common Test failed'), { stdout: output });
    passed += Number(count[1]) - 1;
  }

  async dialyzer() {
    const plt = path.join(this.directory, 'plt');
    const applications = ['erts', 'kernel', 'stdlib', 'crypto'];
    try {
      await this.run('dialyzer', ['--build_plt', '--output_plt', plt, '--apps', ...applications], {
        isPatient: true,
      });
    } catch (error) {
      // Warnings about OTP itself, which calls what is in none of these.
      if (error.code !== 2 || !fs.existsSync(plt)) throw error;
    }
    const beams = fs.readdirSync(this.ebin).filter((name) => name.endsWith('.beam'));
    const options = ['--plt', plt, '-Wunmatched_returns', '-Werror_handling'];
    await this.run('dialyzer', [...options, ...beams.map((name) => path.join(this.ebin, name))], {
      isPatient: true,
    });
  }

  /** Beam files of an older release serve all, and not everything that one compiles is loaded by a later one. */
  async loadsWhatWasBuilt() {
    const script = `Failed = [{M, Why} || F <- filelib:wildcard("*.beam", ${JSON.stringify(built)}), M <- [list_to_atom(filename:rootname(F))], {error, Why} <- [code:load_file(M)]], io:format("~p", [Failed]), halt(length(Failed)).`;
    await this.run('erl', ['-noinput', '-pa', built, '-eval', script]);
  }

  /** Whether everything compiled. */
  async check() {
    const { release } = this.otp;
    if (!(await check(`OTP ${release}: compiles without a warning`, () => this.compile()))) return false;
    // Nothing but computing, and the tests mostly wait: it goes on beside them, with what they leave of the machine.
    if (values.dialyzer) {
      if (this.otp.has('dialyzer')) this.dialyzed = check(`OTP ${release}: dialyzer`, () => this.dialyzer());
      else skip(`OTP ${release}: dialyzer: this installation has none`);
    }
    if (fs.existsSync(path.join(built, 'macula.beam')))
      await check(`OTP ${release}: loads what the build compiled`, () => this.loadsWhatWasBuilt());
    await check(`OTP ${release}: EUnit`, () => this.eunit());
    if (this.otp.has('ct_run')) await check(`OTP ${release}: Common Test`, () => this.commonTest());
    else skip(`OTP ${release}: Common Test: this installation has no ct_run`);
    return true;
  }
}

/** Whole, as the logs of the test cases have them: the output has them cut off. */
function failureReasons(logs) {
  return fs
    .readdirSync(logs, { recursive: true })
    .filter((name) => name.endsWith('.html'))
    .flatMap((name) => fs.readFileSync(path.join(logs, name), 'utf8').split('\n</pre>'))
    .flatMap((text) => /^=== === Reason: [\s\S]*/m.exec(text) ?? [])
    .join('\n');
}

function chosen() {
  if (values.otp) return values.otp.split(',').map(findOtp);
  const otp = systemOtp();
  return otp ? [otp] : [];
}

try {
  const releases = chosen().map((otp) => new Release(otp));
  if (releases.length === 0) console.log('macula-otp: skipped, there is no erl in PATH');
  const compiled = [];
  for (const release of releases) if (await release.check()) compiled.push(release);
  if (compiled.length > 0 && !values['no-carrier']) {
    // The oldest one's files: the others load those.
    const [oldest] = compiled.toSorted((a, b) => Number(a.otp.release) - Number(b.otp.release));
    const [good, bad] = await runCarrier({
      ebin: oldest.ebin,
      testBeams: oldest.beams,
      otps: compiled.map(({ otp }) => otp),
      only: values.only,
    });
    passed += good;
    failed += bad;
  }
  await Promise.all(compiled.map(({ dialyzed }) => dialyzed));
} catch (error) {
  if (!(error instanceof OtpMissingError)) throw error;
  failed++;
  console.log(error.message);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
fs.rmSync(temporary, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
