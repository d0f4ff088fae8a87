import { codeSentence } from '@macula/wire';
import type { AccessRules } from '../access/access-rules.js';
import type { Refusal } from './accept-hello.js';

/** Why a relay may not peer, the same from both directions. */
export function notAdmitted({ id, at }: { readonly id: string; readonly at: string }): Refusal {
  return {
    code: 'not_a_relay',
    text: codeSentence('not_a_relay', `relay ${at} does not admit relay ${id} as a peer`),
  };
}

/** Who may be a relay of this mesh; {@link AccessRules} are. */
export type PeerRules = Pick<AccessRules, 'admitsEveryRelay' | 'isRelayAdmitted' | 'hasRelayList'>;

/** By what a relay was admitted; it ends when that does. */
export type AdmittedBy = 'key' | 'mesh_secret' | 'url' | 'anybody';

/**
 * Decides whether the relay at the other end may peer: by its key, by the mesh secret, because the operator wrote its key into the
 * URL that was dialled; or, where neither keys nor a secret are set, because everybody may (development).
 */
export class PeerAdmission {
  #rules: PeerRules;
  readonly #hasMeshSecret: boolean;

  constructor(rules: PeerRules, { hasMeshSecret }: { readonly hasMeshSecret: boolean }) {
    this.#rules = rules;
    this.#hasMeshSecret = hasMeshSecret;
  }

  /** Whether every relay is admitted. */
  get isOpen(): boolean {
    return this.#rules.admitsEveryRelay && !this.#hasMeshSecret;
  }

  /** What admits this relay; undefined: nothing. */
  admits(relay: {
    readonly id: string;
    readonly isMeshSecretProven: boolean;
    /** The URL that was dialled pins this relay's key. */
    readonly isPinned?: boolean;
  }): AdmittedBy | undefined {
    if (relay.isPinned === true && !this.#isStruckOff(relay.id)) return 'url';
    if (this.#isAllowed(relay.id)) return 'key';
    if (relay.isMeshSecretProven) return 'mesh_secret';
    return this.isOpen ? 'anybody' : undefined;
  }

  /**
   * Whether what a relay says of its names counts when another relay passes it on. Who knows the mesh secret can't be told from afar: there its
   * neighbours have checked it.
   */
  admitsOrigin(id: string): boolean {
    return this.isOpen || this.#hasMeshSecret || this.#isAllowed(id);
  }

  /** Whether there is a list of relays and this one is on it. */
  isListed(id: string): boolean {
    return this.#isAllowed(id);
  }

  /** New rules hold from now on; whoever they no longer admit is the caller's to close, see {@link stillAdmits}. */
  replaceRules(rules: PeerRules): void {
    this.#rules = rules;
  }

  /** Whether a peering that stands may go on under the present rules. */
  stillAdmits(id: string, by: AdmittedBy): boolean {
    if (by === 'mesh_secret') return true;
    return by === 'url' ? !this.#isStruckOff(id) : this.isOpen || this.#isAllowed(id);
  }

  #isAllowed(id: string): boolean {
    return !this.#rules.admitsEveryRelay && this.#rules.isRelayAdmitted(id);
  }

  /** A list that is kept up to date says more than a URL in the settings of the start. */
  #isStruckOff(id: string): boolean {
    return this.#rules.hasRelayList && !this.#rules.isRelayAdmitted(id);
  }
}
