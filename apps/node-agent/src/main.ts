#!/usr/bin/env node
/** `main.js` beside a BEAM's port, `main.js --socket PATH` as a daemon. */

import { runAgent } from './run-agent.js';

const [flag, path] = process.argv.slice(2);
if (flag === undefined) await runAgent({ channel: 'port' });
else if (flag === '--socket' && path !== undefined) await runAgent({ channel: 'socket', path });
else {
  process.stderr.write('usage: macula-agent [--socket PATH]\n');
  process.exit(64);
}
