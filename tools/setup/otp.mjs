// Erlang/OTP for the set-up: found, or installed from the system's packages when this is root.

import { statSync } from 'node:fs';
import { findOnPath, run, runOrFail, SetupError, step } from './process.mjs';

/** The oldest release that works. */
const releaseMin = 25;

/** OTP applications that the build, the tests and the nodes need; Debian and Fedora have a package for each. */
const applications = [
  'compiler',
  'crypto',
  'eunit',
  'mnesia',
  'public_key',
  'runtime_tools',
  'ssl',
  'syntax_tools',
  'tools',
];

/** How each system installs OTP: [program, commands]. */
const installers = [
  [
    'apt-get',
    [
      ['apt-get', 'update', '-qq'],
      [
        ...['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'erlang-base', 'erlang-dev'],
        ...['asn1', 'crypto', 'dialyzer', 'eunit', 'inets', 'mnesia', 'parsetools', 'public-key'].map(
          erlangPackage,
        ),
        ...['runtime-tools', 'ssl', 'syntax-tools', 'tools'].map(erlangPackage),
        'elixir',
      ],
    ],
  ],
  ['dnf', [['dnf', 'install', '-y', '-q', 'erlang']]],
  ['apk', [['apk', 'add', '--quiet', 'erlang', 'erlang-dev']]],
  ['pacman', [['pacman', '-Sy', '--noconfirm', '--needed', 'erlang']]],
];

function erlangPackage(name) {
  return `erlang-${name}`;
}

/** What identifies the OTP installation, for the stamp: paths and times of `erl` and `erlc`; undefined when one is missing. */
export function otpFingerprint() {
  const paths = [findOnPath('erl'), findOnPath('erlc')];
  if (paths.includes(undefined)) return undefined;
  return paths.map((path) => `${path}@${statSync(path).mtimeMs}`).join(' ');
}

/**
 * Makes sure that OTP with everything needed is there.
 * @throws SetupError with one line that says what to install
 */
export async function ensureOtp() {
  const before = await missing();
  if (before === undefined) return;
  const installer = installers.find(([program]) => findOnPath(program));
  if (!installer || process.getuid?.() !== 0) throw new SetupError(`${before} ${advice(installer)}`);
  for (const command of installer[1]) {
    step(`OTP: ${command.slice(0, 2).join(' ')} …`);
    await runOrFail(command[0], command.slice(1), {
      label: command.slice(0, 2).join(' '),
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  const after = await missing();
  if (after !== undefined) throw new SetupError(`${after} ${advice(undefined)}`);
}

/** One sentence about what is missing, or undefined. */
async function missing() {
  const absent = ['erl', 'erlc'].filter((name) => !findOnPath(name));
  if (absent.length > 0) return `Erlang/OTP is missing (no ${absent.join(', no ')} on the PATH).`;
  const list = applications.join(',');
  const program = `io:format("~s ~p~n", [erlang:system_info(otp_release), [A || A <- [${list}], code:lib_dir(A) =:= {error, bad_name}]]), halt().`;
  const { status, output } = await run('erl', ['-noinput', '-boot', 'start_clean', '-eval', program], {
    timeoutMs: 30_000,
    env: { ERL_AFLAGS: '', ERL_FLAGS: '', ERL_ZFLAGS: '' },
  });
  const match = /(\d+) \[(.*)\]/.exec(output);
  if (status !== 0 || !match) return `Erlang/OTP doesn't start: ${output.trim().split('\n')[0]}.`;
  if (Number(match[1]) < releaseMin)
    return `Erlang/OTP ${match[1]} is too old, it must be ${releaseMin} or newer.`;
  return match[2] === '' ? undefined : `Erlang/OTP is installed without ${match[2].replaceAll(',', ', ')}.`;
}

function advice(installer) {
  if (installer) {
    const commands = installer[1].map((command) =>
      command.filter((word) => !/^-q+$|^--quiet$/.test(word)).join(' '),
    );
    return `Run as root: ${commands.join(' && ')}`;
  }
  return process.platform === 'darwin'
    ? 'Run: brew install erlang'
    : `Install Erlang/OTP ${releaseMin} or newer (with its compiler, crypto, ssl, eunit and tools) and put it on the PATH.`;
}
