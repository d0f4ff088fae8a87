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
  // Ctrl-C reaches the demo without our help; this process waits until it has cleaned up.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
});
