import type { DirectoryMessage } from './messages.js';
import type { DirectoryRecord, RecordSigner } from './record.js';

/** How a directory is made. */
export interface DirectoryOptions {
  /** This relay's own id: 1 to 128 visible ASCII characters, unique in the mesh, the same as in its membership. */
  readonly id: string;
  /** Of this relay's life: higher than in each earlier one, and told to the others with its membership. 0 to 2^53 - 1. */
  readonly epoch: number;
  /** Of the rendezvous hash, any 32 bits, the same in the whole mesh. */
  readonly seed: number;
  /** Signs own records and verifies those of others; `unsignedRecords` believes everybody. */
  readonly signer: RecordSigner;
  /** Records that this relay keeps for all together. Default 262,144; at least 64. */
  readonly recordsMax?: number;
}

/** How a lookup ended. `absent`: nobody has the name. `unreachable`: no owner answered. `busy`: 4,096 lookups are under way, it was not begun. */
export type LookupOutcome = 'found' | 'absent' | 'unreachable' | 'busy';

/** Why an own name belongs to somebody else: a newer session of its identity, of another process (`replaced`) or the same (`superseded`), or another identity (`name_taken`). */
export type LossReason = 'replaced' | 'superseded' | 'name_taken';

/** What `pollOutput` yields. */
export type DirectoryOutput =
  | { readonly kind: 'send'; readonly to: string; readonly message: DirectoryMessage }
  /** A lookup has ended; one answer for all that were under way for the element. `record` is there when it was `found`. */
  | {
      readonly kind: 'answered';
      readonly element: Uint8Array;
      readonly outcome: LookupOutcome;
      readonly record: DirectoryRecord | undefined;
    }
  /**
   * An own name belongs to another relay's session. Said once for each such record; the name stays published, without effect, until it is withdrawn: the caller first
   * sees that the agent has signed what the other relay says.
   */
  | {
      readonly kind: 'lost';
      readonly element: Uint8Array;
      readonly why: LossReason;
      readonly winner: DirectoryRecord;
    }
  /** `from` showed a record of `relay` which that relay did not sign, or which is not what it is shown for. It was ignored. */
  | { readonly kind: 'refused'; readonly relay: string; readonly from: string }
  /** An owner has no room for all of this relay's records. It is asked again after a minute. */
  | { readonly kind: 'full'; readonly owner: string };

/** What a timeout is for. */
export type DirectoryTimeout = 'place' | 'refresh' | 'release' | 'ask' | 'tell' | 'expiry';

/** Takes what a part of a directory wants done. */
export type Emit = (output: DirectoryOutput) => void;
