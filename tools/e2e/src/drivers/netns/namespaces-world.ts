import type {
  Home,
  HomeOptions,
  Host,
  Link,
  LinkConditions,
  Network,
  Server,
  World,
} from '../../harness/index.js';
import { EmulatedLink, type LinkEnd } from './emulated-link.js';
import { Namespace } from './namespace.js';
import { makeRouter, type RouterRules, setRules } from './router.js';

/**
 * One public network, 198.51.100.0/24 (RFC 5737), as a bridge in a namespace of its own; servers at .2 and up, homes at .100 and up.
 * No route leads out of it. Homes are 10.81.N.0/24, between the routers of a double one 100.64.N.0/24 (RFC 6598).
 */
export class NamespacesWorld implements World, Network {
  readonly #seed: number;
  readonly #namespaces: Namespace[] = [];
  readonly #links: EmulatedLink[] = [];
  #core: Promise<Namespace> | undefined;
  #servers = 0;
  #homes = 0;
  #ports = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  get network(): Network {
    return this;
  }

  relayHost(): Promise<Host> {
    return this.server();
  }

  async nodeHost(): Promise<Host> {
    return (await this.home()).machine();
  }

  async server({ link }: { readonly link?: LinkConditions } = {}): Promise<Server> {
    const address = publicAddress(2 + this.#servers++);
    const namespace = await this.#namespace(`server ${address}`);
    const connected = await this.#connect({ namespace, device: 'eth0' }, link);
    await namespace.ip(`addr add ${address}/24 dev eth0`, 'link set eth0 up');
    return {
      ...namespace.host(address),
      link: connected,
      // Frames to a station that isn't there: no error, unlike what a route or a filter would give.
      lose: (other, isLost) =>
        namespace.ip(
          isLost
            ? `neigh replace ${other.address} lladdr ${nobodysStation} dev eth0 nud permanent`
            : `neigh del ${other.address} dev eth0`,
        ),
    };
  }

  async home({ nat = 'port-preserving', link }: HomeOptions = {}): Promise<Home> {
    const number = ++this.#homes;
    const rules: RouterRules = { isSymmetric: nat === 'symmetric', blocks: 'nothing' };
    const router = await this.#namespace(`router of home ${number}`);
    await router.ip('link add lan type bridge', 'link set lan up', `addr add 10.81.${number}.1/24 dev lan`);
    // The router that has the public address: this one, or the carrier's behind it.
    let border = router;
    if (nat === 'double') {
      border = await this.#namespace(`carrier of home ${number}`);
      await border.ip(
        `link add lan type veth peer name wan netns ${router.pid}`,
        `addr add 100.64.${number}.1/24 dev lan`,
        'link set lan up',
      );
      await router.ip(`addr add 100.64.${number}.2/24 dev wan`, 'link set wan up');
      await router.ip(`route add default via 100.64.${number}.1`);
      await makeRouter(router, rules);
    }
    const outer: RouterRules = nat === 'double' ? { ...rules, isSymmetric: true } : rules;
    const connected = await this.#connect({ namespace: border, device: 'wan' }, link);
    let publicNumber = 100 + number;
    await border.ip(`addr add ${publicAddress(publicNumber)}/24 dev wan`, 'link set wan up');
    await makeRouter(border, outer);

    let machines = 0;
    return {
      link: connected,
      machine: async () => {
        const own = 2 + machines++;
        const machine = await this.#namespace(`home ${number} machine ${own}`);
        await machine.ip(`link add eth0 type veth peer name m${own} netns ${router.pid}`);
        await router.ip(`link set m${own} master lan`, `link set m${own} up`);
        await machine.ip(
          `addr add 10.81.${number}.${own}/24 dev eth0`,
          'link set eth0 up',
          `route add default via 10.81.${number}.1`,
        );
        return machine.host(`10.81.${number}.${own}`);
      },
      block: (blocks) => setRules(border, { ...outer, blocks }),
      rebind: async () => {
        // The kernel forgets what was translated to an address as that goes.
        const before = publicNumber;
        publicNumber = before < 180 ? before + 75 : before - 75;
        await border.ip(
          `addr del ${publicAddress(before)}/24 dev wan`,
          `addr add ${publicAddress(publicNumber)}/24 dev wan`,
        );
      },
    };
  }

  async close(): Promise<void> {
    this.closeNow();
  }

  closeNow(): void {
    for (const link of this.#links) link.close();
    for (const namespace of this.#namespaces) namespace.close();
  }

  /** Joins a device to the public network: as it is, or through an emulator where conditions were given. */
  async #connect(inner: LinkEnd, conditions: LinkConditions | undefined): Promise<Link> {
    this.#core ??= this.#makeCore();
    const core = await this.#core;
    const number = ++this.#ports;
    const device = `p${number}`;
    let link: Link = unemulated;
    if (conditions) {
      const emulated = await EmulatedLink.create(
        inner,
        { namespace: core, device },
        conditions,
        this.#seed + number,
      );
      this.#links.push(emulated);
      link = emulated;
    } else
      await core.ip(`link add ${device} type veth peer name ${inner.device} netns ${inner.namespace.pid}`);
    await core.ip(`link set ${device} master public`, `link set ${device} up`);
    return link;
  }

  async #makeCore(): Promise<Namespace> {
    const core = await this.#namespace('public network');
    await core.ip('link add public type bridge', 'link set public up');
    return core;
  }

  async #namespace(label: string): Promise<Namespace> {
    const namespace = await Namespace.create(label);
    this.#namespaces.push(namespace);
    return namespace;
  }
}

const nobodysStation = '02:00:00:00:00:01';

function publicAddress(number: number): string {
  return `198.51.100.${number}`;
}

const unemulated: Link = {
  set: () =>
    Promise.reject(
      new Error('this link was made without conditions, so it has no emulator; give it `link: {}` at least'),
    ),
};
