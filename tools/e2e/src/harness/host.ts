import type { Otp } from '@macula/otp-releases';
import type { ManagedProcessOptions } from './managed-process.js';

/** A program to start on some host. */
export interface Program {
  /** Name for messages. */
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The OTP release that is in place for it; default the one in PATH. */
  readonly otp?: Otp;
}

/** A machine of a scenario, as its driver makes it. */
export interface Host {
  /** Address that a relay on it listens at. */
  readonly listen: string;
  /** What other hosts reach that relay by: an address or a DNS name. */
  readonly address: string;
  /** How a program is started on it. */
  place(program: Program): ManagedProcessOptions;
}

/** Where the machines of one scene come from. */
export interface World {
  /** A machine for a relay: every node reaches it. */
  relayHost(label: string): Promise<Host>;
  /** A machine for a node: it reaches the relays, and is reached by nobody where the driver can do that. */
  nodeHost(name: string, otp?: Otp): Promise<Host>;
  /** Homes, NAT and links to break; undefined where the driver has none. */
  readonly network?: Network;
  /** Takes down what it made, after the processes have ended; calling it twice is harmless. */
  close(): Promise<void>;
  /** The same without waiting for anything, as this process ends. */
  closeNow(): void;
}

/** A network that a scenario shapes. */
export interface Network {
  /** A public machine. */
  server(options?: { readonly link?: LinkConditions }): Promise<Server>;
  /** A home: machines behind a router that translates their addresses and lets nothing in unasked. */
  home(options?: HomeOptions): Promise<Home>;
}

/** A public machine. */
export interface Server extends Host, Linked {
  /** What it sends to another machine of the public network is lost from now on without a word to anybody, or no more. */
  lose(other: Host, isLost: boolean): Promise<void>;
}

export interface HomeOptions {
  readonly nat?: NatKind;
  /** Between the home's router and the public network; without it the link is as fast as the machine. */
  readonly link?: LinkConditions;
}

/**
 * `port-preserving`: keeps a port while it is free, as most home routers do. `symmetric`: a new port for each destination, as most
 * mobile carriers do. `double`: a home router of the first kind behind a carrier's of the second.
 */
export type NatKind = 'port-preserving' | 'symmetric' | 'double';

/** A place whose link to the public network can be changed. */
export interface Linked {
  readonly link: Link;
}

export interface Home extends Linked {
  /** One more machine in it. */
  machine(): Promise<Host>;
  /** Lets none of that out from now on. */
  block(what: 'udp' | 'tcp' | 'nothing'): Promise<void>;
  /** Its router forgets all mappings and gets another public address, as after a reconnect of its line. */
  rebind(): Promise<void>;
}

/** One direction of a link. */
export interface DirectionConditions {
  /** One way, in ms; default 0. */
  readonly delayMs?: number;
  /** Each packet's delay differs by up to this, in ms; order is kept; default 0. */
  readonly jitterMs?: number;
  /** 0 to 100; default 0. */
  readonly lossPercent?: number;
  /** Packets that are sent behind later ones, 0 to 100; default 0. */
  readonly reorderPercent?: number;
  /** Packets that come twice, 0 to 100; default 0. */
  readonly duplicatePercent?: number;
  /** Mbit/s; default 0, as fast as the machine. */
  readonly rateMbit?: number;
  /** Bytes that may wait for the rate, then packets are dropped; default 256 KiB. */
  readonly queueBytes?: number;
  /** Nothing passes, without a word to anybody; default false. */
  readonly isDark?: boolean;
}

/** Of both directions; `up` (towards the public network) and `down` say what is other in one of them. */
export interface LinkConditions extends DirectionConditions {
  readonly up?: DirectionConditions;
  readonly down?: DirectionConditions;
}

/** A link whose conditions can be changed while it is in use. */
export interface Link {
  /** Replaces the conditions. */
  set(conditions: LinkConditions): Promise<void>;
}
