import type { Otp } from '@macula/otp-releases';
import type { Host, World } from '../../harness/index.js';
import { Container } from './container.js';
import type { Engine } from './engine.js';
import { ContainerOtp } from './images.js';

/** Options of {@link ContainersWorld}. */
export interface ContainersWorldOptions {
  readonly engine: Engine;
  /** Names begin with it; no other world has it. */
  readonly prefix: string;
  /** The scene's: containers have it at the same path. */
  readonly directory: string;
  /** For what names no release. */
  readonly otp: Otp;
}

/**
 * A network of the relays, and one for each node, which all relays are on as well: a node reaches them by name, and nobody else.
 * No network leads out.
 */
export class ContainersWorld implements World {
  readonly #options: ContainersWorldOptions;
  readonly #containers: string[] = [];
  readonly #networks: string[] = [];
  readonly #relays: { readonly container: string; readonly alias: string }[] = [];
  readonly #homes: string[] = [];
  readonly #aliases = new Set<string>();
  #made = 0;
  #relayNetwork: Promise<string> | undefined;
  #isClosed = false;

  constructor(options: ContainersWorldOptions) {
    this.#options = options;
  }

  async relayHost(label: string): Promise<Host> {
    this.#relayNetwork ??= this.#network('relays');
    const network = await this.#relayNetwork;
    const alias = this.#aliasOf(label);
    const container = await this.#container({ label, network, alias });
    // Of a relay and a home that come at the same time, the later one connects both.
    this.#relays.push({ container: container.name, alias });
    await Promise.all([...this.#homes].map((home) => this.#connect(container.name, alias, home)));
    return container.host({ listen: '0.0.0.0', address: alias });
  }

  async nodeHost(name: string, otp?: Otp): Promise<Host> {
    const home = await this.#network(`home-${name}`);
    this.#homes.push(home);
    const relays = [...this.#relays];
    const [container] = await Promise.all([
      this.#container({ label: name, network: home, otp }),
      ...relays.map((relay) => this.#connect(relay.container, relay.alias, home)),
    ]);
    return container.host({ listen: '0.0.0.0', address: container.name });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { engine } = this.#options;
    if (this.#containers.length > 0) await engine.run(['rm', '--force', '--volumes', ...this.#containers]);
    // Those that were asked for, but not made, aren't there to be removed.
    const there = await engine.run(['network', 'ls', '--format', '{{.Name}}']);
    const networks = there.split('\n').filter((name) => this.#networks.includes(name));
    if (networks.length > 0) await engine.run(['network', 'rm', ...networks]);
  }

  closeNow(): void {
    this.#options.engine.stopNow();
  }

  async #container(options: {
    readonly label: string;
    readonly network: string;
    readonly alias?: string;
    readonly otp?: Otp | undefined;
  }): Promise<Container> {
    const { engine, directory, otp: otpDefault } = this.#options;
    const { image } = containerOtp(options.otp ?? otpDefault);
    const name = this.#nameOf(options.label);
    this.#containers.push(name);
    return Container.start({ engine, directory, image, name, ...options });
  }

  async #network(label: string): Promise<string> {
    const { engine } = this.#options;
    const name = this.#nameOf(label);
    this.#networks.push(name);
    await engine.run(['network', 'create', '--internal', '--label', engine.label, name]);
    return name;
  }

  async #connect(container: string, alias: string, network: string): Promise<void> {
    await this.#options.engine.run(['network', 'connect', '--alias', alias, network, container]);
  }

  #nameOf(label: string): string {
    return `${this.#options.prefix}-${++this.#made}-${words(label)}`;
  }

  /** The DNS name of a relay. */
  #aliasOf(label: string): string {
    let alias = `${words(label)}.test`;
    for (let number = 2; this.#aliases.has(alias); number++) alias = `${words(label)}-${number}.test`;
    this.#aliases.add(alias);
    return alias;
  }
}

/** What a name may consist of. */
function words(label: string): string {
  return label
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function containerOtp(otp: Otp): ContainerOtp {
  if (otp instanceof ContainerOtp) return otp;
  throw new TypeError(`OTP ${otp.release} of ${otp.source} is in no image`);
}
