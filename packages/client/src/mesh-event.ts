import type { NodeChange } from './presence-picture.js';

/** What happens to the session, and to other nodes of the realm for who watches them. */
export type MeshEvent =
  | {
      readonly kind: 'session_up';
      readonly relay: string;
      readonly relayId: string;
      readonly transport: string;
    }
  /**
   * A new session has taken the place of the one with `former`, which goes on for the tunnels it carries: its relay had asked for it
   * (`asked`), is about to stop (`draining`), did not answer in time (`unanswered`), or the realm's token is another one now (`token`). No `session_down` and
   * `session_up` come with it.
   */
  | {
      readonly kind: 'session_renewed';
      readonly relay: string;
      readonly relayId: string;
      readonly transport: string;
      readonly former: string;
      readonly why: 'asked' | 'unanswered' | 'token' | 'draining';
    }
  /** A session at another relay stands by for the present one. */
  | {
      readonly kind: 'standby_up';
      readonly relay: string;
      readonly relayId: string;
      readonly transport: string;
    }
  /** It is over; another one is dialled. */
  | { readonly kind: 'standby_down'; readonly relay: string; readonly code: string; readonly text: string }
  | { readonly kind: 'session_down'; readonly relay: string; readonly code: string; readonly text: string }
  /** One try failed; the next relay, or the same one later, is tried. */
  | {
      readonly kind: 'dial_failed';
      readonly relay: string;
      readonly code: string;
      readonly text: string;
      /** The relay was reached and said no. */
      readonly isRefusal: boolean;
    }
  /** The relay refused these names (another identity owns them); told once, they are asked for again and again. */
  | { readonly kind: 'names_taken'; readonly relay: string; readonly names: readonly string[] }
  /** The relay has given these names after all. */
  | { readonly kind: 'names_given'; readonly relay: string; readonly names: readonly string[] }
  /**
   * Somebody who calls itself `peer` has failed to prove the cookie so often that it may try only once in 30 s; told once.
   * `source` is the id of its identity, which its relay has proven; empty where that relay doesn't say it.
   */
  | { readonly kind: 'too_many_failures'; readonly peer: string; readonly source: string }
  /** While `Mesh.watch` is on: another node of the realm is in the mesh, or has left it; for each name the two come in turn, and first for all that are there. */
  | NodeChange;
