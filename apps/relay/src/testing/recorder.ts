import { type Logger, pino } from 'pino';

/** A logger of a relay whose lines a test reads. */
export function recorder(): {
  readonly logger: Logger;
  /** The lines so far, as objects. */
  lines(): Record<string, unknown>[];
  /** Their messages. */
  messages(): string[];
} {
  const texts: string[] = [];
  const lines = (): Record<string, unknown>[] => texts.map((text) => JSON.parse(text));
  return {
    logger: pino({ level: 'debug' }, { write: (text: string) => void texts.push(text) }),
    lines,
    messages: () => lines().map(({ msg }) => String(msg)),
  };
}
