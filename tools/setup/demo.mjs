// npm run demo: the set-up, then two OTP nodes behind two relays (tools/e2e/src/demo.ts).

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, root } from './process.mjs';
import { runScript, setup } from './setup.mjs';

await runScript(async () => {
  await setup();
  const child = spawn(
    process.execPath,
    [join(root, 'tools', 'e2e', 'dist', 'demo.js'), ...process.argv.slice(2)],
    {
      cwd: root,
      env: environment(),
      stdio: 'inherit',
    },
  );
  // From a terminal Ctrl-C reaches the demo without our help, too; it cleans up once. `npm` and the shell below it pass no
  // signal on when they are killed, so a new parent means the same.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref();
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
});
