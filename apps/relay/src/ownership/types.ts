import type { NameClaim, Owned, OwnedHave, WireCode } from '@macula/wire';
import type { LinkId } from '../routing/types.js';
import type { OriginLog } from './origin-log.js';

/** A session at another relay and the names it owns there. */
export interface Holding {
  /** Of the relay that says so. */
  readonly log: OriginLog;
  /** Number of the session there. */
  readonly session: number;
  /** What the agent must have signed. */
  readonly claim: NameClaim;
  readonly signature: Uint8Array;
  readonly identityKey: string;
  readonly bootKey: string;
  /** The names it owns, and since when its identity does, in milliseconds since 1970. */
  readonly since: ReadonlyMap<string, number>;
  /** Whether the agent's signature fits; undefined while nobody needed to know. */
  isSigned: boolean | undefined;
  /** The session is lost: its names are reserved for its identity until then. Undefined: the session stands. */
  heldUntilMs: number | undefined;
}

/** Local sessions that lost their names to what was said elsewhere; the names table has forgotten those `evicted`. */
export interface NameLoss {
  readonly evicted: readonly LinkId[];
  /** They stay for the tunnels they carry. */
  readonly superseded: readonly LinkId[];
  readonly code: WireCode;
}

/** What the shell has to do for it. */
export type OwnershipOutput =
  /** Send this to the relays at the other ends; it may be left out where a link is congested. */
  | { readonly kind: 'send'; readonly links: readonly LinkId[]; readonly message: Owned | OwnedHave }
  /** Send PING; the answer comes back as a sign of life. */
  | { readonly kind: 'probe'; readonly link: LinkId }
  /** For the log of the operator. */
  | { readonly kind: 'noted'; readonly note: OwnershipNote };

/** What an operator should know. */
export type OwnershipNote =
  /** The session answers, and another host claims its name with the same key. */
  | { readonly what: 'identity_conflict'; readonly link: LinkId }
  /** A relay said that an agent claims names, and the agent did not sign that. */
  | { readonly what: 'forged_claim'; readonly origin: Uint8Array }
  /** Others remember a later life of this relay: its clock was set back, or its key is used twice. */
  | { readonly what: 'epoch_raised' };
