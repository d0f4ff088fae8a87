/** Who may be a relay of this mesh. */
export interface PeerAdmissionRules {
  /** Ids of relays that may peer. */
  readonly allowed: readonly string[];
  /** Whether this relay has a mesh secret. */
  readonly hasMeshSecret: boolean;
}

/** By what a relay was admitted; it ends when that does. */
export type AdmittedBy = 'key' | 'mesh_secret' | 'url' | 'anybody';

/**
 * Decides whether the relay at the other end may peer: by its key, by the mesh secret, because the operator wrote its key into the
 * URL that was dialled; or, where neither keys nor a secret are set, because everybody may (development).
 */
export class PeerAdmission {
  #rules: PeerAdmissionRules;

  constructor(rules: PeerAdmissionRules) {
    this.#rules = rules;
  }

  /** Whether every relay is admitted. */
  get isOpen(): boolean {
    const { allowed, hasMeshSecret } = this.#rules;
    return allowed.length === 0 && !hasMeshSecret;
  }

  /** What admits this relay; undefined: nothing. */
  admits(relay: {
    readonly id: string;
    readonly isMeshSecretProven: boolean;
    /** The URL that was dialled pins this relay's key. */
    readonly isPinned?: boolean;
  }): AdmittedBy | undefined {
    if (relay.isPinned === true) return 'url';
    if (this.#rules.allowed.includes(relay.id)) return 'key';
    if (relay.isMeshSecretProven) return 'mesh_secret';
    return this.isOpen ? 'anybody' : undefined;
  }

  /** New rules hold from now on; whoever they no longer admit is the caller's to close, see {@link stillAdmits}. */
  replaceRules(rules: PeerAdmissionRules): void {
    this.#rules = rules;
  }

  /** Whether a peering that stands may go on under the present rules. */
  stillAdmits(id: string, by: AdmittedBy): boolean {
    if (by === 'key') return this.isOpen || this.#rules.allowed.includes(id);
    return by === 'anybody' ? this.isOpen || this.#rules.allowed.includes(id) : true;
  }
}
