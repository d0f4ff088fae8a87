import type { Namespace } from './namespace.js';

/** What a router does with packets from `lan` to `wan`. */
export interface RouterRules {
  /** A new public port for each destination, in place of the port that the sender has where it is free. */
  readonly isSymmetric: boolean;
  /** What it lets nobody send out. */
  readonly blocks: 'udp' | 'tcp' | 'nothing';
}

/** Makes a namespace with devices `lan` and `wan` a home router. */
export async function makeRouter(router: Namespace, rules: RouterRules): Promise<void> {
  await router.run('sh', ['-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
  await setRules(router, rules);
}

/** Replaces its rules; mappings that stand stay. */
export async function setRules(router: Namespace, rules: RouterRules): Promise<void> {
  await router.run('nft', ['-f', '-'], ruleset(rules));
}

function ruleset({ isSymmetric, blocks }: RouterRules): string {
  return `flush ruleset
table ip nat {
  chain out {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade${isSymmetric ? ' fully-random' : ''}
  }
}
table inet filter {
  # Frames that the bridge lan only switches come by here too.
  chain through {
    type filter hook forward priority filter
    policy drop
    ${blocks === 'nothing' ? '' : `oifname "wan" meta l4proto ${blocks} drop`}
    iifname "lan" accept
    ct state established,related accept
  }
  chain to_router {
    type filter hook input priority filter
    iifname "wan" ct state new drop
  }
}
`;
}
