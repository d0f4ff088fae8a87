import type { AccessFile, RealmRule } from './access-file.js';

/** Settings of the relay that go together with the access file. */
export interface AccessSettings {
  /** Realms served openly; empty: every realm, unless the access file has `realms`. */
  readonly realms: readonly string[];
  /** Ids of relays that may peer; empty: every relay, unless the access file has `relays`. */
  readonly peerIdentities: readonly string[];
}

/**
 * Who may do what, from one version of the access file and the settings. Never changes: a new version of the file is a
 * new object.
 *
 * Without an access file the settings alone count. A realm that the file lists is as the file says; one that only the
 * setting `realms` lists is open; any other is served, openly, only where neither lists anything.
 */
export class AccessRules {
  readonly #file: AccessFile | undefined;
  readonly #openRealms: ReadonlySet<string>;
  readonly #relays: ReadonlySet<string>;
  /** Every relay that connects is admitted: for development, and to be warned of. */
  readonly admitsEveryRelay: boolean;
  /** The file lists relays: who isn't listed is struck off, whatever the settings of the start say. */
  readonly hasRelayList: boolean;
  /** Somebody without a token gets in: not what one wants on a public address. */
  readonly hasOpenRealm: boolean;
  /** Neither the file nor the settings list a realm, and the file has `realms`: no node may join. */
  readonly servesNoRealm: boolean;
  readonly #servesEveryRealm: boolean;

  /**
   * @param file - from `parseAccessFile`; undefined where the relay has none.
   * @param settings - the relay's.
   */
  constructor(file: AccessFile | undefined, settings: AccessSettings) {
    this.#file = file;
    this.#openRealms = new Set(settings.realms);
    this.#relays = new Set([...settings.peerIdentities, ...(file?.relays ?? [])]);
    this.admitsEveryRelay = file?.relays === undefined && settings.peerIdentities.length === 0;
    this.hasRelayList = file?.relays !== undefined;
    this.#servesEveryRealm = file?.realms === undefined && settings.realms.length === 0;
    const listed = [...settings.realms, ...(file?.realms?.keys() ?? [])];
    this.servesNoRealm = !this.#servesEveryRealm && listed.length === 0;
    this.hasOpenRealm =
      this.#servesEveryRealm || listed.some((realm) => this.realm(realm)?.access === 'open');
  }

  /**
   * How one gets into a realm.
   *
   * @param name - as in a HELLO.
   * @returns undefined when this relay doesn't serve it.
   */
  realm(name: string): RealmRule | undefined {
    if (name === '') return undefined;
    const listed = this.#file?.realms?.get(name);
    if (listed !== undefined) return listed;
    return this.#servesEveryRealm || this.#openRealms.has(name) ? openRealm : undefined;
  }

  /**
   * Whether a relay may peer.
   *
   * @param id - of its proven identity.
   */
  isRelayAdmitted(id: string): boolean {
    return this.admitsEveryRelay || this.#relays.has(id);
  }

  /**
   * Whether a token was taken back.
   *
   * @param tokenId - its `jti`.
   */
  isRevoked(tokenId: string): boolean {
    return this.#file?.revoked.has(tokenId) ?? false;
  }
}

const openRealm: RealmRule = { access: 'open', limits: {} };
