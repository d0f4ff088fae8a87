import {
  isTokenId,
  parseIdentityId,
  parseTokenLimits,
  type TokenLimits,
  tokenTimeSecondsMax,
} from '@macula/crypto';
import { realmBytesMax } from '@macula/wire';
import { RelayError } from '../errors.js';
import { accessRealmsMax, accessRelaysMax, issuersPerRealmMax, revokedTokensMax } from '../limits.js';

/**
 * What an access file says. In JSON, everything optional:
 *
 * ```json
 * {
 *   "realms": {
 *     "io.example.lobby": { "access": "open" },
 *     "io.example": { "access": "token", "issuers": ["ID"], "limits": { "sessions": 500 } }
 *   },
 *   "relays": ["ID"],
 *   "revoked": [{ "id": "JTI", "until": 1798761600 }]
 * }
 * ```
 */
export interface AccessFile {
  /** Undefined: the setting `realms` alone says what is served. */
  readonly realms: ReadonlyMap<string, RealmRule> | undefined;
  /** Ids of relays; undefined: the setting `peerIdentities` alone says who may peer. */
  readonly relays: ReadonlySet<string> | undefined;
  /** Ids of tokens, with the seconds since 1970 until which the entry is needed. Until it is removed it is in force. */
  readonly revoked: ReadonlyMap<string, number>;
}

/** How one gets into a realm. */
export type RealmRule =
  | { readonly access: 'open'; readonly limits: TokenLimits }
  | {
      readonly access: 'token';
      /** Ids of the identities whose tokens count. */
      readonly issuers: readonly string[];
      /** Of each identity, whatever its token allows beyond them. */
      readonly limits: TokenLimits;
    };

/**
 * Parses the text of an access file. Unknown fields are refused: a misspelt `revoked` would let somebody in.
 *
 * @param text - JSON.
 * @param origin - where it is from, for messages.
 * @throws RelayError `bad_access_file`, naming the field
 */
export function parseAccessFile(text: string, origin: string): AccessFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = `${origin} is not JSON: ${(cause as Error).message}`;
    throw new RelayError('bad_access_file', why, 'Correct it; the README of the relay has an example.', {
      cause,
    });
  }
  return new AccessFileParser(origin).file(value);
}

class AccessFileParser {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  file(value: unknown): AccessFile {
    const fields = this.#object(value, 'the whole', ['realms', 'relays', 'revoked']);
    const { realms, relays, revoked } = fields;
    return {
      realms: realms === undefined ? undefined : this.#realms(realms),
      relays: relays === undefined ? undefined : new Set(this.#ids(relays, 'relays', accessRelaysMax)),
      revoked: new Map(revoked === undefined ? [] : this.#revoked(revoked)),
    };
  }

  #realms(value: unknown): Map<string, RealmRule> {
    const entries = Object.entries(this.#object(value, 'realms'));
    if (entries.length > accessRealmsMax)
      throw this.#bad('realms', `has more than ${accessRealmsMax} entries`);
    return new Map(entries.map(([name, rule]) => [name, this.#realm(name, rule)]));
  }

  #realm(name: string, value: unknown): RealmRule {
    const field = `realms[${JSON.stringify(name.slice(0, 80))}]`;
    if (name === '' || Buffer.byteLength(name) > realmBytesMax)
      throw this.#bad(field, `is no realm: one has 1 to ${realmBytesMax} bytes`);
    const rule = this.#object(value, field, ['access', 'issuers', 'limits']);
    const limits = this.#limits(rule.limits, `${field}.limits`);
    if (rule.access === 'open') {
      if (rule.issuers !== undefined)
        throw this.#bad(`${field}.issuers`, 'is only for realms with "access": "token"');
      return { access: 'open', limits };
    }
    if (rule.access !== 'token') throw this.#bad(`${field}.access`, 'must be "open" or "token"');
    const issuers = this.#ids(rule.issuers, `${field}.issuers`, issuersPerRealmMax);
    return { access: 'token', issuers, limits };
  }

  #limits(value: unknown, field: string): TokenLimits {
    if (value === undefined) return {};
    try {
      return parseTokenLimits(value, 'bad_option');
    } catch (cause) {
      throw this.#bad(field, `can't be used: ${(cause as Error).message}`);
    }
  }

  #revoked(value: unknown): [string, number][] {
    return this.#list(value, 'revoked', revokedTokensMax).map((item, index) => {
      const field = `revoked[${index}]`;
      const { id, until } = this.#object(item, field, ['id', 'until']);
      if (!isTokenId(id)) throw this.#bad(`${field}.id`, 'must be the id (jti) of a token, 22 characters');
      const isTime =
        Number.isInteger(until) && (until as number) >= 0 && (until as number) <= tokenTimeSecondsMax;
      if (!isTime) throw this.#bad(`${field}.until`, 'must be whole seconds since 1970');
      return [id, until as number];
    });
  }

  #ids(value: unknown, field: string, countMax: number): string[] {
    return this.#list(value, field, countMax).map((item, index) => {
      try {
        parseIdentityId(item as string);
        return item as string;
      } catch {
        throw this.#bad(`${field}[${index}]`, 'must be an id of 43 characters, as macula id prints it');
      }
    });
  }

  #list(value: unknown, field: string, countMax: number): readonly unknown[] {
    if (!Array.isArray(value)) throw this.#bad(field, 'must be a list');
    if (value.length > countMax) throw this.#bad(field, `has more than ${countMax} entries`);
    return value;
  }

  #object(value: unknown, field: string, known?: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.#bad(field, 'must be an object');
    const unknown = known && Object.keys(value).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw this.#bad(field, `has the unknown field ${JSON.stringify(unknown.slice(0, 80))}`);
    return value as Readonly<Record<string, unknown>>;
  }

  #bad(field: string, why: string): RelayError {
    const remedy = `Correct ${field} in it; the README of the relay says what may stand there.`;
    return new RelayError('bad_access_file', `${this.#origin}: ${field} ${why}`, remedy);
  }
}
