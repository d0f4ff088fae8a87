import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { RelayError } from '../errors.js';
import { accessPollMs } from '../limits.js';
import { parseAccessFile } from './access-file.js';
import { fileFingerprint, readAccessFile } from './access-file-text.js';
import { AccessRules, type AccessSettings } from './access-rules.js';

/** What an {@link AccessWatcher} works with. */
export interface AccessWatcherOptions {
  /** The access file; undefined: the settings alone, and nothing is watched. */
  readonly path: string | undefined;
  readonly settings: AccessSettings;
  readonly logger: Pick<Logger, 'info' | 'error'>;
  /** Throws RelayError for rules that must not come into force: such a version is as wrong as a misspelt one. Default: takes all. */
  readonly check?: (rules: AccessRules) => void;
  /** The file has changed and is right: from now on these rules count. Not called for the first ones. */
  readonly onRules: (rules: AccessRules) => void;
  /** Milliseconds between looks at the file. Default `accessPollMs`. */
  readonly pollMs?: number;
}

/**
 * Keeps the rules of an access file up to date: looks at the file once a second and reads it again when it looks different,
 * also when another file was moved to its place. A version that is wrong, or none, is logged as an error, once, and the last right
 * one stays in force: a slip of the pen must neither open a realm nor throw everybody out.
 *
 * Call order: {@link AccessWatcher.open}; `rules` at any time; `onRules` comes at most once per change; `close`.
 */
export class AccessWatcher {
  readonly #options: AccessWatcherOptions;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #rules: AccessRules;
  /** What the file looked like when it was last read, right or wrong. */
  #seen: string;
  #checking: Promise<void> | undefined;
  #isClosed = false;

  private constructor(options: AccessWatcherOptions, rules: AccessRules, seen: string) {
    this.#options = options;
    this.#rules = rules;
    this.#seen = seen;
    if (options.path === undefined) return;
    this.#timer = setInterval(() => void this.check(), options.pollMs ?? accessPollMs);
    this.#timer.unref();
  }

  /**
   * Reads the file and begins to watch it.
   *
   * @throws RelayError `bad_access_file`, or what `check` throws: a relay doesn't start without right rules
   */
  static async open(options: AccessWatcherOptions): Promise<AccessWatcher> {
    const { path, settings, check } = options;
    const read = path === undefined ? undefined : await readAccessFile(path);
    const rules = new AccessRules(read && parseAccessFile(read.text, path!), settings);
    check?.(rules);
    return new AccessWatcher(options, rules, read === undefined ? '' : fileFingerprint(read.stats));
  }

  /** The last right ones. */
  get rules(): AccessRules {
    return this.#rules;
  }

  /** Looks at the file now; resolves when what it says is in force. Never rejects. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** Stops watching; `onRules` doesn't come any more. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    const { path, settings, logger, check, onRules } = this.#options;
    if (path === undefined) return;
    const looks = await looksOf(path);
    if (this.#isClosed || looks === this.#seen) return;
    this.#seen = looks;
    try {
      const { text, stats } = await readAccessFile(path);
      this.#seen = fileFingerprint(stats);
      const rules = new AccessRules(parseAccessFile(text, path), settings);
      check?.(rules);
      if (this.#isClosed) return;
      this.#rules = rules;
      logger.info({ path }, 'the access file has changed, its rules are in force');
      onRules(rules);
    } catch (thrown) {
      const { message, remedy } = RelayError.from(thrown, 'bad_access_file', 'Report this with the log.');
      logger.error(
        { path, why: message, remedy },
        'THE ACCESS FILE IS WRONG: the rules of before stay in force, and nothing that was changed since counts',
      );
    }
  }
}

async function looksOf(path: string): Promise<string> {
  try {
    return fileFingerprint(await stat(path, { bigint: true }));
  } catch (thrown) {
    return `no file: ${(thrown as NodeJS.ErrnoException).code}`;
  }
}
