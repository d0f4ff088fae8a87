import { realmBytesMax } from '@macula/wire';
import { RelayError } from '../errors.js';
import {
  type AddressLimits,
  addressLimitsDefault,
  type IdentityLimits,
  identityLimitsDefault,
  type QuotaLimits,
  type RealmQuotaLimits,
  type ScopeLimits,
} from './quota-limits.js';

/** Limits as an operator writes them; what is left out has its default. All are positive whole numbers. */
export interface QuotaLimitsInput {
  /** Of each identity. */
  readonly identity?: Partial<IdentityLimits> | undefined;
  /** Of each realm as a whole. Default none. */
  readonly realm?: ScopeLimits | undefined;
  /** Of each IPv4 address or IPv6 /64 network. Default `unfinishedHellos` and `failedHellosPerSecond` only. */
  readonly address?: Partial<AddressLimits> | undefined;
  /** Of some realms, by name: what takes the place of `identity` and `realm` there. */
  readonly realms?:
    | Readonly<
        Record<
          string,
          {
            readonly identity?: Partial<IdentityLimits> | undefined;
            readonly realm?: ScopeLimits | undefined;
          }
        >
      >
    | undefined;
}

/**
 * Checks limits and fills in the defaults.
 * @throws RelayError `bad_config`
 */
export function parseQuotaLimits(input: unknown = {}): QuotaLimits {
  const { identity, realm, address, realms } = parts('limits', input, [
    'identity',
    'realm',
    'address',
    'realms',
  ]);
  return {
    identity: { ...identityLimitsDefault, ...numbers('limits.identity', identity, scopeNames) },
    realm: numbers('limits.realm', realm, scopeNames),
    address: { ...addressLimitsDefault, ...numbers('limits.address', address, addressNames) },
    realms: Object.fromEntries(Object.entries(objectOf('limits.realms', realms)).map(parseRealm)),
  };
}

const scopeNames = Object.keys(identityLimitsDefault);
const addressNames = [...scopeNames, ...Object.keys(addressLimitsDefault)];
const limitMax = 1_000_000_000_000;

function parseRealm([name, input]: [string, unknown]): [string, RealmQuotaLimits] {
  const path = `limits.realms["${name}"]`;
  if (name === '' || Buffer.byteLength(name) > realmBytesMax)
    throw bad(path, `is not a realm: a realm has 1 to ${realmBytesMax} bytes`);
  const { identity, realm } = parts(path, input, ['identity', 'realm']);
  return [
    name,
    {
      identity: numbers(`${path}.identity`, identity, scopeNames),
      realm: numbers(`${path}.realm`, realm, scopeNames),
    },
  ];
}

function numbers(path: string, input: unknown, names: readonly string[]): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const [name, value] of Object.entries(parts(path, input, names))) {
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > limitMax)
      throw bad(`${path}.${name}`, `must be a whole number between 1 and ${limitMax}`);
    limits[name] = value;
  }
  return limits;
}

/** An object with no other names than these. */
function parts<const Name extends string>(
  path: string,
  input: unknown,
  names: readonly Name[],
): { readonly [N in Name]?: unknown } {
  const object = objectOf(path, input);
  for (const name of Object.keys(object))
    if (!(names as readonly string[]).includes(name)) throw bad(`${path}.${name}`, 'is not a limit');
  return object as { readonly [N in Name]?: unknown };
}

function objectOf(path: string, input: unknown): Readonly<Record<string, unknown>> {
  if (input === undefined) return {};
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw bad(path, 'must be an object');
  return input as Readonly<Record<string, unknown>>;
}

function bad(path: string, why: string): RelayError {
  return new RelayError(
    'bad_config',
    `${path} ${why}`,
    'See the table of limits in the README of the relay.',
  );
}
