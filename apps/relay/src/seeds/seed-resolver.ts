import { promises as dns } from 'node:dns';
import { nameServerTries } from './limits.js';

/** Where names of seeds are looked up. */
export interface SeedResolver {
  /**
   * The IPv4 and IPv6 addresses of a name, in any order; the last ones of a family that can't be looked up now. Rejects when neither can, or there are none; the
   * message says why.
   *
   * @param host - name of the DNS.
   */
  addresses(host: string): Promise<readonly string[]>;
  /**
   * The SRV records of a name, in any order. Rejects when there are none; the message says why.
   *
   * @param name - as the record has it, `_macula._tcp.example.org`.
   */
  services(name: string): Promise<readonly Service[]>;
}

/** What an SRV record says (RFC 2782). */
export interface Service {
  /** Name of the host; `.` says that there is no such service. */
  readonly target: string;
  readonly port: number;
  /** The lowest is asked first. */
  readonly priority: number;
  /** Share among those of the same priority. */
  readonly weight: number;
}

/** The part of Node's resolver that is used here. */
export type NameServer = Pick<dns.Resolver, 'resolve4' | 'resolve6' | 'resolveSrv'>;

/**
 * Asks the name servers of the system by DNS: full names only, without `/etc/hosts` and search domains, which have no SRV records.
 *
 * @param nameServer - whom to ask, called for each question. Default: one that reads the system's settings anew, since servers change while a relay runs.
 */
export function dnsResolver(
  nameServer: () => NameServer = () => new dns.Resolver(nameServerTries),
): SeedResolver {
  /** The last addresses of each name and family. */
  const known = new Map<string, readonly string[]>();
  const addressesOf = (
    family: string,
    result: PromiseSettledResult<readonly string[]>,
  ): readonly string[] => {
    if (result.status === 'rejected' && !saysThereIsNone(result.reason)) return known.get(family) ?? [];
    const addresses = result.status === 'fulfilled' ? result.value : [];
    known.set(family, addresses);
    return addresses;
  };
  return {
    addresses: async (host) => {
      const server = nameServer();
      const [v4, v6] = await Promise.allSettled([server.resolve4(host), server.resolve6(host)]);
      // One family may be missing, or a server between here and there may not know of it.
      if (v4.status === 'rejected' && v6.status === 'rejected') {
        const [a, aaaa] = [why(v4.reason), why(v6.reason)];
        const text = a === aaaa ? a : `${a} (A), ${aaaa} (AAAA)`;
        throw new Error(`no address of ${host}: ${text}`, { cause: v4.reason });
      }
      return [...addressesOf(`A ${host}`, v4), ...addressesOf(`AAAA ${host}`, v6)];
    },
    services: async (name) => {
      try {
        const records = await nameServer().resolveSrv(name);
        return records.map(({ name: target, port, priority, weight }) => ({
          target,
          port,
          priority,
          weight,
        }));
      } catch (cause) {
        throw new Error(`no SRV record of ${name}: ${why(cause)}`, { cause });
      }
    },
  };
}

/** Whether a name server has answered, and not only failed to. */
function saysThereIsNone(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

/** What a code of c-ares means, with the code. */
function why(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  const text = meanings[code ?? ''];
  return text === undefined ? message : `${text} (${code})`;
}

const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name',
  ENODATA: 'the name has none',
  ETIMEOUT: 'no name server answered in time',
  ECONNREFUSED: 'no name server can be reached',
  ESERVFAIL: 'the name server could not find out',
  EREFUSED: 'the name server refuses to answer',
};
