/**
 * A process that {@link listenRecklessly}. It prints its port, then `<` for each packet that came and `>` when it has dealt with it,
 * and ends when it is asked to.
 */
import { listenRecklessly } from './reckless-listener.js';

process.on('SIGTERM', () => process.exit(0));
const { port } = await listenRecklessly((step) => process.stdout.write(step === 'came' ? '<' : '>'));
process.stdout.write(`${port}\n`);
