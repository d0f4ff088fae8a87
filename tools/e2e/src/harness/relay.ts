import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import { descendantPids, type ManagedProcess } from './managed-process.js';
import type { Scene } from './scene.js';

/** Options of {@link Relay}. */
export interface RelayOptions {
  readonly label?: string;
  /** URLs of relays to peer with. */
  readonly peers?: readonly string[];
  /** Where it runs; default a machine of its own as the driver makes it. */
  readonly host?: Host;
  /** Default a free one. */
  readonly port?: number;
  /** PEM files of its certificate and private key; default a development certificate that it makes. */
  readonly cert?: string;
  readonly key?: string;
  /** Its access rules; default none: its realms are open. */
  readonly accessFile?: string;
  /** Its `--data` directory, for a relay that was there before; default a new one. */
  readonly data?: string;
  /** More arguments for `macula relay`. */
  readonly args?: readonly string[];
}

/** A relay: the real command in a process of its own. */
export class Relay {
  readonly label: string;
  readonly process: ManagedProcess;
  readonly host: Host;
  /** Its `--data` directory. */
  readonly data: string;
  #url: string | undefined;
  #id: string | undefined;
  #admin: string | undefined;

  constructor(scene: Scene, host: Host, options: RelayOptions) {
    this.host = host;
    this.label = options.label ?? 'relay';
    const env = scene.relayEnvironment();
    this.data = options.data ?? join(env.HOME!, 'relay');
    mkdirSync(this.data, { mode: 0o700, recursive: true });
    this.process = scene.macula(
      [
        'relay',
        ...['--listen', `${host.listen}:${options.port ?? 0}`, '--admin', '127.0.0.1:0', '--data', this.data],
        ...(options.peers ?? []).flatMap((url) => ['--peer', url]),
        ...(options.cert === undefined ? [] : ['--cert', options.cert]),
        ...(options.key === undefined ? [] : ['--key', options.key]),
        // In a namespace or a container it listens on an address that others reach.
        ...(options.accessFile === undefined ? ['--open'] : ['--access-file', options.accessFile]),
        ...(options.args ?? []),
        ...['--label', this.label, '--json'],
      ],
      { label: this.label, env, host },
    );
  }

  /** Waits for the line that says so. */
  async listening(): Promise<void> {
    const [, line] = await this.process.waitFor(/^(\{"relay":.*\})\s*$/m, 20_000);
    const parsed = JSON.parse(line!) as { relay: string; url: string; admin: string | null };
    this.#id = parsed.relay;
    this.#url = parsed.url.replace(/^(\w+:\/\/)[^:/]+/, `$1${this.host.address}`);
    this.#admin = parsed.admin ?? undefined;
  }

  get url(): string {
    if (this.#url === undefined) throw new Error(`${this.label} isn't listening yet`);
    return this.#url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get id(): string {
    if (this.#id === undefined) throw new Error(`${this.label} isn't listening yet`);
    return this.#id;
  }

  /** URL of the admin server. */
  get admin(): string | undefined {
    return this.#admin;
  }

  /** Ids of its worker processes now. */
  workerPids(): number[] {
    return descendantPids(this.process.pid);
  }
}
