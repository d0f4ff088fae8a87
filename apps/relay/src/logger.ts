import { destination, type Logger, pino } from 'pino';
import type { LogLevel } from './config.js';

/** JSON lines on stderr. What is logged never contains keys, tokens or tunnel bytes. */
export function relayLogger(level: LogLevel): Logger {
  return pino({ level, name: 'macula-relay' }, destination({ fd: 2, sync: true }));
}
