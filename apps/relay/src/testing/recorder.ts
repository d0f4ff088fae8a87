import { type Logger, pino } from 'pino';

/** A logger of a relay whose lines a test reads. */
export interface Recorder {
  readonly logger: Logger;
  /** The lines so far, as objects. */
  lines(): Record<string, unknown>[];
  /** Their messages. */
  messages(): string[];
}

/** A {@link Recorder} of everything from `debug` on. */
export function recorder(): Recorder {
  const texts: string[] = [];
  const lines = (): Record<string, unknown>[] => texts.map((text) => JSON.parse(text));
  return {
    logger: pino({ level: 'debug' }, { write: (text: string) => void texts.push(text) }),
    lines,
    messages: () => lines().map(({ msg }) => String(msg)),
  };
}
