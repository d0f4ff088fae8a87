import { eventually, type Home, type OtpNode, type Relay, type Scene } from '../harness/index.js';

const size = 4;
/** Time that the mesh has to be whole again after a fault, ms: the window of 30 s, and time for a busy machine. */
const healMs = 90_000;

/** A node that lives on, and what it needs to be started again. */
interface Member {
  node: OtpNode;
  readonly start: () => Promise<OtpNode>;
  readonly home: Home | undefined;
}

/** Three relays and four nodes that live as long as the soak and talk to each other all the time. */
export class StandingMesh {
  readonly relays: readonly Relay[];
  readonly members: readonly Member[];

  private constructor(relays: readonly Relay[], members: readonly Member[]) {
    this.relays = relays;
    this.members = members;
  }

  /** `hasNetwork`: each node in a home whose line can be broken. */
  static async create(scene: Scene, hasNetwork: boolean): Promise<StandingMesh> {
    const relays: Relay[] = [];
    for (let index = 1; index <= 3; index++)
      relays.push(await scene.relay({ label: `relay-${index}`, peers: relays.map(({ url }) => url) }));
    const members: Member[] = [];
    for (let index = 1; index <= size; index++) {
      const home = hasNetwork ? await scene.network.home({ link: goodLine }) : undefined;
      const host = await home?.machine();
      const otp = scene.nextOtp();
      const start = (): Promise<OtpNode> =>
        scene.node({
          name: `soak${index}@home-${index}.test`,
          relays: [relays[index % relays.length]!.url],
          otp,
          ...(host && { host }),
        });
      members.push({ node: await start(), start, home });
    }
    const mesh = new StandingMesh(relays, members);
    for (const member of members) await mesh.talk(member);
    return mesh;
  }

  /** Has a node talk to all others. */
  async talk({ node }: Member): Promise<void> {
    const others = this.members.filter((member) => member.node !== node);
    await node.gives(`macula_e2e_soak:start([${others.map((other) => `'${other.node.name}'`)}])`, 'ok');
  }

  /**
   * Waits until each node is connected with all others.
   * @throws Error when that takes too long
   */
  async whole(): Promise<void> {
    for (const { node } of this.members)
      await eventually(async () => (await node.eval('length(nodes())')) === String(size - 1), {
        what: `${node.name} to see the other ${size - 1} nodes again`,
        timeoutMs: healMs,
        intervalMs: 200,
      });
  }

  /** Waits until every node has been answered once more; else as {@link check}. */
  async talking(): Promise<Tally> {
    const before = await this.check();
    return eventually(
      async () => {
        const now = await this.check();
        return now.answered.every((answered, index) => answered > before.answered[index]!) && now;
      },
      { what: 'every node to be answered', timeoutMs: healMs },
    );
  }

  /**
   * What was counted so far.
   * @throws Error when a message came twice, out of order or not at all though the link stood, or an answer was wrong
   */
  async check(): Promise<Tally> {
    const tally = { answered: [] as number[], failed: 0, lost: 0 };
    for (const { node } of this.members) {
      const report = await node.eval('macula_e2e_soak:report()');
      const [, calls, failures, lost, wrong] = /^{(\d+),(\d+),(\d+),(.*)}$/s.exec(report)!;
      if (wrong !== '[]') throw new Error(`${node.name} got what must not be (from, wanted, got): ${wrong}`);
      tally.answered.push(Number(calls));
      tally.failed += Number(failures);
      tally.lost += Number(lost);
    }
    return tally;
  }
}

/** What the nodes have counted since each of them started. */
export interface Tally {
  /** Calls that were answered, of each node. */
  readonly answered: readonly number[];
  /** Calls that failed with a lost link. */
  readonly failed: number;
  /** Links that were lost, counted at both ends. */
  readonly lost: number;
}

/** What a home's line is like between faults. */
export const goodLine: { readonly delayMs: number } = { delayMs: 5 };
