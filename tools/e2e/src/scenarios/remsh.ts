import { maculaEbin, readmeFlags } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const macula = [...readmeFlags, '-pa', maculaEbin];

export const scenario: Scenario = {
  summary:
    'erl -remsh with a name, without one, and with a dynamic one: evaluates on the remote node, which lives on',
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const relay = await scene.relay();
    const b = await scene.node({ name: 'b@two.test', relays: [relay.url] });
    await b.evalUntil('maps:get(joined, macula:status())', 'true');
    for (const [names, connected] of [
      [['-name', 'shell@one.test'], /^\['shell@one\.test'\]$/],
      [[], /^\['?\w+@[^.]+\]$/],
      [['-name', 'undefined@one.test'], /^\['\w+@one\.test'\]$/],
    ] as const) {
      const otp = scene.nextOtp();
      const flags = [...macula, ...names, '-setcookie', 'E2E_COOKIE', '-remsh', b.name];
      const { command, args } = otp.command('erl', flags);
      const line = [command, ...args].map((word) => `'${word}'`).join(' ');
      // OTP 25 makes no remote shell without a terminal.
      const shell = scene.process({
        label: `erl ${names.join(' ')} -remsh`,
        command: 'script',
        args: ['--quiet', '--flush', '--return', '--command', line, '/dev/null'],
        host: await scene.host('shell'),
        env: otp.environment(scene.environment({ MACULA_RELAYS: relay.url, TERM: 'xterm' })),
      });
      await shell.waitFor(/\(b@two\.test\)1> /, 30_000);
      await b.gives('nodes(connected)', connected);
      shell.child.stdin!.write('{node(), 6 * 7}.\r');
      await shell.waitFor(/{'b@two\.test',42}[\s\S]*\(b@two\.test\)2> /);
      shell.child.stdin!.write('\x07\r');
      await shell.waitFor(/ --> /);
      shell.child.stdin!.write('q\r');
      await shell.ended;
      await b.evalUntil('nodes(connected)', '[]');
    }
  },
};
