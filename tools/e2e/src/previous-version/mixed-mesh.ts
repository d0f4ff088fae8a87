import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDevCertificate } from '@macula/transport';
import { eventually, type ManagedProcess, Scene } from '../harness/index.js';
import { pinnedBundle } from '../harness/paths.js';
import type { Version } from './client-library.js';
import { MeshAgent, type MeshAgentOptions } from './mesh-agent.js';

/** A relay of a {@link MixedMesh}, a process of its own. */
export interface MixedRelay {
  readonly label: string;
  readonly version: Version;
  /** `tls://HOST:PORT` */
  readonly url: string;
  readonly process: ManagedProcess;
  /** One of its metrics, without `macula_relay_`. */
  figure(name: string): Promise<number>;
}

/** How an agent of a {@link MixedMesh} joins. */
export interface MixedAgentOptions extends Omit<MeshAgentOptions, 'relays'> {
  /** In order of preference. */
  readonly at: readonly MixedRelay[];
}

/** Relays of both versions in one mesh, which share a mesh secret and speak TLS, and agents; `stop` ends them all. */
export class MixedMesh {
  readonly #scene = new Scene([]);
  readonly #secretFile = this.#file('mesh.key', `macula-mesh-1 ${randomBytes(32).toString('base64url')}\n`);
  readonly #certFile: string;
  readonly #keyFile: string;
  readonly #agents: MeshAgent[] = [];

  private constructor({ certPem, keyPem }: Awaited<typeof certificate>) {
    this.#certFile = this.#file('cert.pem', certPem);
    this.#keyFile = this.#file('key.pem', keyPem);
  }

  /** One without relays. */
  static async make(): Promise<MixedMesh> {
    return new MixedMesh(await certificate);
  }

  /** Starts a relay that dials these peers; resolves when it has reached them all. */
  async relay(label: string, version: Version, peers: readonly MixedRelay[]): Promise<MixedRelay> {
    const urls = peers.map(({ url }) => url);
    const { process, url, admin } = await (version === 'new'
      ? this.#newRelay(label, urls)
      : this.#oldRelay(label, urls));
    const figure = (name: string): Promise<number> => figureOf(admin, name);
    await eventually(async () => (await figure('peers')) === peers.length, { what: `the peers of ${label}` });
    return { label, version, url, process, figure };
  }

  /** An agent that has joined. @throws MeshError */
  async agent({ at, ...options }: MixedAgentOptions): Promise<MeshAgent> {
    const agent = await MeshAgent.join({ ...options, relays: at.map(({ url }) => url) });
    this.#agents.push(agent);
    return agent;
  }

  /** Closes all agents; the relays stay. */
  async closeAgents(): Promise<void> {
    await Promise.all(this.#agents.splice(0).map((agent) => agent.close()));
  }

  async stop(): Promise<void> {
    await this.closeAgents();
    await this.#scene.stop();
  }

  /** The real command. */
  async #newRelay(label: string, peers: readonly string[]): Promise<Started> {
    const [cert, key] = [this.#certFile, this.#keyFile];
    const args = ['--no-quic', '--mesh-secret-file', this.#secretFile];
    const relay = await this.#scene.relay({ label, peers, cert, key, args });
    return { process: relay.process, url: tlsUrl(relay.url), admin: relay.admin! };
  }

  /** The pinned bundle. */
  async #oldRelay(label: string, peers: readonly string[]): Promise<Started> {
    const settings = {
      ...{ label, peers, listen: '127.0.0.1:0', admin: '127.0.0.1:0', quic: false },
      ...{ certFile: this.#certFile, keyFile: this.#keyFile, meshSecretFile: this.#secretFile },
      dataDir: join(this.#scene.directory, label),
    };
    mkdirSync(settings.dataDir, { mode: 0o700 });
    const process_ = this.#scene.process({
      label,
      command: process.execPath,
      args: [pinnedBundle, JSON.stringify(settings)],
      env: this.#scene.environment(),
    });
    const [, line] = await process_.waitFor(/^(\{"relay":.*\})\s*$/m);
    const { url, admin }: { readonly url: string; readonly admin: string } = JSON.parse(line!);
    return { process: process_, url: tlsUrl(url), admin };
  }

  #file(name: string, text: string): string {
    const path = join(this.#scene.directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

interface Started {
  readonly process: ManagedProcess;
  readonly url: string;
  readonly admin: string;
}

const certificate = makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });

function tlsUrl(url: string): string {
  return url.replace(/^https:/, 'tls:');
}

/** @throws Error when there is no such metric */
async function figureOf(admin: string, name: string): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const match = new RegExp(`^macula_relay_${name} (\\d+)$`, 'm').exec(text);
  if (match === null) throw new Error(`no metric ${name} in:\n${text}`);
  return Number(match[1]);
}
