import { identityId } from '@macula/crypto';
import type { Connection } from '@macula/transport';
import type { Hello, ProvenHello, WireCode } from '@macula/wire';
import { admitToRealm, type RealmAdmission, sessionEnd } from '../access/realm-admission.js';
import type { RealmKeeper } from '../access/realm-keeper.js';
import type { Limiter } from '../quota/limiter.js';
import type { Refusal } from './accept-hello.js';
import { isTooMuch } from './claimed-names.js';
import { notAdmitted, type PeerAdmission } from './peer-admission.js';
import type { Session } from './session.js';
import { refusalOf } from './turn-away.js';

/** What a {@link Gatekeeper} goes by. */
export interface GatekeeperParts {
  /** Id of this relay. */
  readonly ownId: string;
  readonly limiter: Pick<Limiter, 'full' | 'hello' | 'isHere' | 'knows' | 'paceHello'>;
  readonly realms: RealmKeeper<Session>;
  readonly peerAdmission: PeerAdmission;
  /** Why nobody new may in at this moment. */
  closedBy(): 'draining' | 'busy' | undefined;
}

/** By what an agent was admitted; undefined for relays, which serve many realms. */
export type Admitted = Extract<RealmAdmission, { kind: 'admitted' }> | undefined;

/** Decides who, of those that have proven a HELLO, may in: what costs least is looked at first. */
export class Gatekeeper {
  readonly #parts: GatekeeperParts;

  constructor(parts: GatekeeperParts) {
    this.#parts = parts;
  }

  /**
   * Whether who says this may prove it now. What it says is not proven, so it gains nothing but its turn: a session that is to take the place
   * of one here needs no room, and who is known in the mesh comes before strangers.
   */
  mayProve(hello: Hello): Refusal | undefined {
    const { closedBy, limiter, peerAdmission } = this.#parts;
    const closed = closedBy();
    if (closed === 'draining') return refusalOf(closed);
    if (closed === 'busy' && !this.#isRenewal(hello)) return limiter.full();
    const { role, realm, names, identity } = hello;
    const isKnown =
      role === 'relay'
        ? peerAdmission.admitsOrigin(identityId(identity))
        : names.some((name) => limiter.knows(realm, name));
    return limiter.paceHello(isKnown);
  }

  /** Never rejects. */
  async decide(
    connection: Connection,
    proven: ProvenHello,
  ): Promise<{ readonly refusal: Refusal } | { readonly refusal: undefined; readonly admitted: Admitted }> {
    const limited = this.#parts.limiter.hello(connection, proven);
    if (limited !== undefined) return { refusal: limited };
    const admission = await this.#admitToRealm(proven);
    if (admission?.kind === 'refused') return { refusal: admission };
    const refusal = this.#refusalOf(proven, admission);
    return refusal === undefined ? { refusal, admitted: admission } : { refusal };
  }

  async #admitToRealm({ hello, token }: ProvenHello): Promise<RealmAdmission | undefined> {
    if (hello.role !== 'agent') return undefined;
    const { realm, names, identity } = hello;
    const wanted = { realm, names, identity: identityId(identity) };
    return admitToRealm(wanted, token, this.#parts.realms.rules, Date.now());
  }

  #refusalOf(proven: ProvenHello, admitted: Admitted): Refusal | undefined {
    const code = this.#refusalCodeOf(proven);
    if (code === 'not_a_relay')
      return notAdmitted({ id: identityId(proven.hello.identity), at: this.#parts.ownId });
    if (code === 'busy') return this.#parts.limiter.full();
    if (code !== undefined) return refusalOf(code);
    if (admitted === undefined) return undefined;
    // The rules may have changed while the token was checked.
    const { realm } = proven.hello;
    return sessionEnd({ realm, grant: admitted.grant }, this.#parts.realms.rules, Date.now());
  }

  #refusalCodeOf({ hello, isMeshSecretProven }: ProvenHello): WireCode | undefined {
    const { ownId, peerAdmission, closedBy } = this.#parts;
    const closed = closedBy();
    if (closed !== undefined && !(closed === 'busy' && this.#isRenewal(hello))) return closed;
    if (hello.role === 'agent') return isTooMuch(hello.names) ? 'protocol_error' : undefined;
    const id = identityId(hello.identity);
    if (id === ownId) return 'self_connection';
    return peerAdmission.admits({ id, isMeshSecretProven }) === undefined ? 'not_a_relay' : undefined;
  }

  #isRenewal({ role, identity, realm, names }: Hello): boolean {
    return role === 'agent' && this.#parts.limiter.isHere({ identity: identityId(identity), realm, names });
  }
}
