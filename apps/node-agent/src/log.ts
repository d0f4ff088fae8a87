import type { EventLevel } from './control/messages.js';
import type { LogLevel } from './settings.js';

/** Where the agent's own log goes. Fields never hold keys, tokens or cookies. */
export interface Log {
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
}

/** Structured fields of a line. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A log that writes nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** JSON lines on stderr, never stdout; pino is only loaded when there is something to write. */
export async function createLog(level: LogLevel): Promise<Log> {
  if (level === 'silent') return silentLog;
  const { pino } = await import('pino');
  const logger = pino({ level, name: 'macula-agent' }, pino.destination({ dest: 2, sync: true }));
  return {
    debug: (fields, text) => logger.debug(fields, text),
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
  };
}

/** The log function for a level of an event. */
export function logFunction(level: EventLevel): keyof Log {
  if (level === 'warning') return 'warn';
  return level === 'notice' ? 'info' : level;
}
