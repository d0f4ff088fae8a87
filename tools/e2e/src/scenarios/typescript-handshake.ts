import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { BeamNode } from '@macula/client';
import {
  type AcceptDecision,
  DistFlag,
  Handshake,
  type HandshakePeer,
  supportedFlags,
} from '@macula/dist-protocol';
import type { Otp } from '@macula/otp-releases';
import { freePorts, type OtpNode, type ShakenHands, shakeHands } from '../harness/index.js';
import type { Scene } from '../harness/scene.js';
import type { Scenario } from '../scenario.js';

const cookie = Buffer.from('E2E_COOKIE', 'latin1');
const local: HandshakePeer = { name: 'raw-1@127.0.0.1', creation: 5, flags: supportedFlags };

export const scenario: Scenario = {
  summary:
    'the handshake with a real node, either side: names given and taken, a name that is not ASCII, flags that are missing, a connection that is alive',
  drivers: ['local'],
  async run({ scene }) {
    const [port, latinPort] = await freePorts(2);
    const erlang = await scene.node({ name: `erl-${port}@127.0.0.1`, carrier: 'tcp' });
    const sockets: Socket[] = [];
    try {
      await namedByErlang();
      await givesName();
      await namedByBeamNode();
      await latin();
      await missingFlags();
      await alive();
      for (const acceptorOtp of scene.otps)
        for (const otp of scene.otps) await recordHandshakes(scene, otp, acceptorOtp);
    } finally {
      for (const socket of sockets) socket.destroy();
    }

    async function dial(
      node: string,
      options: Partial<Parameters<typeof Handshake.initiator>[0]> = {},
      isDead?: boolean,
    ): Promise<{ readonly shaken: ShakenHands; readonly socket: Socket }> {
      const to = Number(/-(\d+)@/.exec(node)?.[1]);
      const socket = connect({ host: '127.0.0.1', port: to, noDelay: true });
      sockets.push(socket);
      await once(socket, 'connect');
      const all = { local, challenge: 0xfedc_ba98, peerName: node, cookie, ...options };
      const handshake = Handshake.initiator(all, 0);
      return { shaken: await shakeHands(socket, handshake, isDead === undefined ? {} : { isDead }), socket };
    }

    /** This side has no name: Erlang gives one, and knows the node by it. */
    async function namedByErlang(): Promise<void> {
      const unnamed = { ...local, name: '127.0.0.1' };
      const { shaken, socket } = await dial(erlang.name, { local: unnamed, wantsName: true });
      assert.equal(shaken.kind, 'connected', String(shaken.kind === 'failed' && shaken.error));
      const { name, creation } = (shaken as Extract<ShakenHands, { kind: 'connected' }>).local;
      assert.match(name, /^[0-9A-Z]+@127\.0\.0\.1$/);
      assert.ok(creation > 3, `creation ${creation}`);
      await erlang.evalUntil('nodes(hidden)', `['${name}']`);
      socket.destroy();
      await erlang.evalUntil('nodes(hidden)', '[]');
    }

    /** Erlang has no name, and takes the one that this side gives it. */
    async function givesName(): Promise<void> {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port: own } = server.address() as { readonly port: number };
      const name = `ts-${own}@127.0.0.1`;
      const decision: AcceptDecision = { status: 'named', name: 'G1V3N@127.0.0.1', creation: 77, cookie };
      const answers: AcceptDecision[] = [{ status: 'not_allowed' }, decision];
      const shaken: Promise<ShakenHands>[] = [];
      server.on('connection', (socket) => {
        sockets.push(socket);
        const options = { local: { ...local, name }, challenge: 7, givesNames: true };
        const answer = answers.shift();
        shaken.push(
          shakeHands(
            socket,
            Handshake.acceptor(options, 0),
            answer === undefined ? {} : { decision: answer },
          ),
        );
      });
      try {
        const dynamic = await unnamedNode(scene);
        await dynamic.gives('node()', 'nonode@nohost');
        await dynamic.gives(`net_kernel:connect_node('${name}')`, 'false');
        assert.equal((await shaken[0])?.kind, 'failed');
        await dynamic.gives(`net_kernel:connect_node('${name}')`, 'true');
        const second = await shaken[1];
        assert.equal(second?.kind, 'connected', String(second?.kind === 'failed' && second.error));
        await dynamic.gives('{node(), nodes(hidden)}', `{'${decision.name}',['${name}']}`);
        await dynamic.gives('erts_internal:get_creation()', '77');
        await dynamic.kill();
      } finally {
        server.close();
      }
    }

    async function namedByBeamNode(): Promise<void> {
      const [own] = await freePorts(1);
      const beam = await BeamNode.start({
        name: `ts-${own}@127.0.0.1`,
        cookie: cookie.toString('latin1'),
        listen: { host: '127.0.0.1', port: own!, register: false },
      });
      try {
        beam.genServer({ name: 'echo', handleCall: (request) => request });
        const unnamed = await unnamedNode(scene);
        await unnamed.gives(`net_kernel:connect_node('${beam.name}')`, 'true');
        await unnamed.gives(`gen_server:call({echo,'${beam.name}'}, hello)`, 'hello');
        const [node] = beam.nodes();
        await unnamed.gives('node()', `'${node?.name}'`);
        await unnamed.gives('erts_internal:get_creation()', String(node?.creation));
        assert.equal(await beam.ping(node?.name ?? ''), 'pong');
        await unnamed.kill();
      } finally {
        await beam.close();
      }
    }

    /** OTP says names in Latin-1. */
    async function latin(): Promise<void> {
      // +fnu: the command line is UTF-8 whatever the locale.
      const name = `erl-${latinPort}@h\u00f6st.test`;
      const node = await scene.node({ name, carrier: 'tcp', flags: ['+fnu'] });
      const here = { ...local, name: 'raw@d\u00e9j\u00e0.test' };
      const { shaken, socket } = await dial(node.name, { local: here });
      assert.equal(shaken.kind, 'connected', String(shaken.kind === 'failed' && shaken.error));
      await node.evalUntil('nodes(hidden)', `['${here.name}']`);
      socket.destroy();
      await node.kill();
    }

    async function missingFlags(): Promise<void> {
      const lacking = DistFlag.newFloats | DistFlag.mandatory25Digest;
      const { shaken } = await dial(erlang.name, { local: { ...local, flags: supportedFlags & ~lacking } });
      assert.equal(shaken.kind === 'failed' && shaken.error.code, 'not_allowed');
    }

    /** Erlang holds the connection for alive: it goes on, or is replaced, as this side says. */
    async function alive(): Promise<void> {
      const first = await dial(erlang.name);
      assert.equal(first.shaken.kind, 'connected');
      await erlang.evalUntil('nodes(hidden)', `['${local.name}']`);
      const ended = once(first.socket, 'end');
      const second = await dial(erlang.name, {}, false);
      assert.equal(second.shaken.kind === 'failed' && second.shaken.error.code, 'already_connected');
      await erlang.gives('nodes(hidden)', `['${local.name}']`);
      const third = await dial(erlang.name, {}, true);
      assert.equal(third.shaken.kind, 'connected');
      await ended;
      await erlang.evalUntil('nodes(hidden)', `['${local.name}']`);
      third.socket.destroy();
      await erlang.evalUntil('nodes(hidden)', '[]');
    }
  },
};

/** A node of Erlang that takes its name from the first one it dials. */
function unnamedNode(scene: Scene, otp?: Otp): Promise<OtpNode> {
  const flags = ['-proto_dist', 'inet_tcp', '-no_epmd', '-epmd_module', 'macula_e2e_epmd'];
  return scene.node({ name: 'undefined@127.0.0.1', carrier: 'plain', flags, ...(otp && { otp }) });
}

/**
 * With MACULA_RECORD_HANDSHAKES=FILE a line of JSON is appended for each handshake of two nodes of OTP, which a proxy has listened to:
 * what `packages/dist-protocol/vectors/handshake.json` is made of.
 */
async function recordHandshakes(scene: Scene, otp: Otp, acceptorOtp: Otp): Promise<void> {
  const file = process.env.MACULA_RECORD_HANDSHAKES;
  if (file === undefined) return;
  const [initiatorPort, acceptorPort] = await freePorts(2);
  // The acceptor's name leads to the proxy, which has the same port at another address.
  const acceptor = await scene.node({
    name: `b-${acceptorPort}@127.0.0.2`,
    carrier: 'tcp',
    flags: ['-kernel', 'inet_dist_use_interface', '{127,0,0,1}'],
    otp: acceptorOtp,
  });
  const initiator = await scene.node({ name: `a-${initiatorPort}@127.0.0.1`, carrier: 'tcp', otp });
  const unnamed = await unnamedNode(scene, otp);
  for (const dialling of [initiator, unnamed]) {
    const { server, said } = proxy(acceptorPort!);
    await once(server, 'listening');
    await dialling.gives(`net_kernel:connect_node('${acceptor.name}')`, 'true');
    const record = {
      initiatorRelease: dialling.otp.release,
      acceptorRelease: acceptor.otp.release,
      initiator: messages(said.initiator, 2),
      acceptor: messages(said.acceptor, 3),
    };
    appendFileSync(file, `${JSON.stringify(record)}\n`);
    server.close();
    await dialling.kill();
    await acceptor.evalUntil('nodes(connected)', '[]');
  }
  await acceptor.kill();
}

function proxy(port: number): {
  readonly server: ReturnType<typeof createServer>;
  readonly said: { readonly initiator: Buffer[]; readonly acceptor: Buffer[] };
} {
  const said = { initiator: [] as Buffer[], acceptor: [] as Buffer[] };
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port });
    near.on('data', (bytes) => said.initiator.push(bytes));
    far.on('data', (bytes) => said.acceptor.push(bytes));
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy());
  }).listen(port, '127.0.0.2');
  return { server, said };
}

/** The first messages of a handshake, each as it went over the line, in hex. */
function messages(parts: readonly Buffer[], count: number): string[] {
  const bytes = Buffer.concat(parts);
  const found: string[] = [];
  for (let at = 0; found.length < count; ) {
    const end = at + 2 + bytes.readUInt16BE(at);
    found.push(bytes.toString('hex', at, end));
    at = end;
  }
  return found;
}
