import { type InspectedToken, inspectToken } from '@macula/crypto';
import { tokenLookMs, tokenWarningMsMax, tokenWarningShare } from '../limits.js';
import type { TokenFile } from '../token-file.js';
import type { MeshPort } from './mesh-port.js';

/** What a {@link RealmToken} works with. */
export interface RealmTokenOptions {
  readonly file: TokenFile;
  readonly warn: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/**
 * Sees to it that a node outlives its token: looks at the file while the mesh is there, has the session renewed when the file
 * holds another token, and warns when the last part of its time has begun and there is none.
 */
export class RealmToken {
  readonly #options: RealmTokenOptions;
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  /** What was warned of. */
  #warned: string | undefined;

  constructor(options: RealmTokenOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => Date.now());
  }

  /** Looks after this mesh until {@link stop}. */
  start(mesh: MeshPort): void {
    const look = (): void => {
      mesh.checkToken();
      this.#warnInTime();
    };
    this.#warnInTime();
    this.#timer = setInterval(look, tokenLookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #warnInTime(): void {
    const token = this.#options.file.read();
    const claims = claimsOf(token);
    if (claims === undefined || token === this.#warned) return;
    const endMs = claims.exp * 1000;
    const lifeMs = endMs - 1000 * (claims.nbf ?? claims.iat ?? 0);
    const leftMs = endMs - this.#nowMs();
    if (leftMs > Math.min(tokenWarningMsMax, lifeMs * tokenWarningShare)) return;
    this.#warned = token;
    const when = new Date(endMs).toISOString().replace('.000Z', 'Z');
    const isOver = leftMs <= 0;
    this.#options.warn(
      `the token of realm ${claims.realm} ${isOver ? 'ended' : 'ends'} at ${when}, and ${this.#options.file.path} holds no newer one; ${isOver ? '' : 'then this node loses its connections: '}ask the issuer for a new one and put it there, it is used within ${tokenLookMs / 1000} s`,
    );
  }
}

/** When a token ends, seconds since 1970; undefined when it can't be read. */
export function tokenExpires(token: string | undefined): number | undefined {
  return token === undefined ? undefined : claimsOf(token)?.exp;
}

function claimsOf(token: string): InspectedToken['claims'] | undefined {
  try {
    return inspectToken(token).claims;
  } catch {
    return undefined; // the relay says what is wrong with it
  }
}
