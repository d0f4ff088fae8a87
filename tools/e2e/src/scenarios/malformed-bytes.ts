import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually, type OtpNode, type Relay, type Scene } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'malformed bytes to the relay, to the local sockets of agent and BEAM, and to the control channel of a shared agent end their own connection and nothing else',
  drivers: ['local'],
  async run({ scene }) {
    const relay = await scene.relay();
    // The first mostly waits until the relay gives up on those that say nothing.
    await Promise.all([toTheRelay(scene, relay), toTheSockets(scene, relay)]);
  },
};

async function toTheRelay(scene: Scene, relay: Relay): Promise<void> {
  const [a, b] = await pair(scene, relay, 'relay');
  const traffic = background(a, b);
  await sendDatagrams(relay.port, garbageDatagrams());
  // Our side stays open, so that it is the relay that ends them: at once, or when a handshake may take no longer.
  const ends = await Promise.all(
    garbageStreams().map((bytes) =>
      sendStream({ host: '127.0.0.1', port: relay.port }, bytes, { staysOpen: true }),
    ),
  );
  for (const { connected, closed } of ends)
    assert.deepEqual({ connected, closed }, { connected: true, closed: true });
  assert.equal(await traffic(), 'alive');
  assert.ok(relay.process.isRunning);
  const late = await scene.node({ name: 'late@relay.test', relays: [relay.url] });
  await late.evalUntil(`net_adm:ping('${a.name}')`, 'pong', 15_000);
}

async function toTheSockets(scene: Scene, relay: Relay): Promise<void> {
  if (process.platform === 'linux') await toLocalSockets(scene, relay);
  if (process.platform !== 'win32') await toTheControlChannel(scene, relay);
}

async function toLocalSockets(scene: Scene, relay: Relay): Promise<void> {
  const [a, b] = await pair(scene, relay, 'local');
  const traffic = background(a, b);
  const sockets = listeningSockets(a.env.HOME!);
  assert.ok(sockets.length >= 2, `only ${sockets}`);
  for (const path of sockets) {
    const ends = await Promise.all(garbageStreams().map((bytes) => sendStream({ path }, bytes)));
    assert.ok(ends.every((end) => end.closed));
  }
  assert.equal(await traffic(), 'alive');
  await a.eval(`erlang:disconnect_node('${b.name}')`);
  await a.evalUntil(`net_adm:ping('${b.name}')`, 'pong', 15_000);
}

async function toTheControlChannel(scene: Scene, relay: Relay): Promise<void> {
  const env = scene.environment();
  const socket = join(env.XDG_RUNTIME_DIR!, 'agent.sock');
  const agent = scene.macula(['agent', '--socket', socket], { label: 'shared agent', env });
  await eventually(() => existsSync(socket), { what: 'the control socket of the shared agent' });
  const [a, b] = await pair(scene, relay, 'control', { MACULA_AGENT_SOCKET: socket });
  const traffic = background(a, b);
  const frames = [
    Buffer.from('ffffffff', 'hex'),
    Buffer.from('0000000483ffffff', 'hex'),
    // {hello, 1}: a known tag with the wrong shape.
    frame(Buffer.from('836802770568656c6c6f6101', 'hex')),
    // {ping, 1} before hello.
    frame(Buffer.from('836802770470696e676101', 'hex')),
    frame(randomBytes(1000)),
  ];
  for (const bytes of frames) {
    const { closed, received } = await sendStream({ path: socket }, bytes);
    assert.ok(closed);
    // {error, Code, Text}
    assert.match(received.toString('latin1'), /error.*bad_(frame|term|message|order)/s);
  }
  assert.equal(await traffic(), 'alive');
  assert.ok(agent.isRunning);
  await b.eval(`erlang:disconnect_node('${a.name}')`);
  await b.evalUntil(`net_adm:ping('${a.name}')`, 'pong', 15_000);
}

async function pair(
  scene: Scene,
  relay: Relay,
  host: string,
  env: Record<string, string> = {},
): Promise<[OtpNode, OtpNode]> {
  const [a, b] = await Promise.all([
    scene.node({ name: `a@${host}.test`, relays: [relay.url], env }),
    scene.node({ name: `b@${host}.test`, relays: [relay.url], env }),
  ]);
  await a.evalUntil(`net_adm:ping('${b.name}')`, 'pong', 20_000);
  await b.eval('macula_e2e:start_server(e2e_server)');
  return [a, b];
}

/** Calls without pause while something happens; the answer is `alive` when none failed and the link never went down. */
function background(a: OtpNode, b: OtpNode): () => Promise<string> {
  const answer = a.eval(
    `register(e2e_traffic, self()), monitor_node('${b.name}', true),
     Loop = fun Loop() ->
       {_, ping} = gen_server:call({e2e_server, '${b.name}'}, ping, 5000),
       receive {nodedown, N} -> {nodedown, N}; stop -> alive after 1 -> Loop() end
     end,
     Loop()`,
    60_000,
  );
  answer.catch(() => {});
  return async () => {
    await a.eval('catch e2e_traffic ! stop');
    return answer;
  };
}

/** Datagrams as an attacker or an accident sends them: noise of every size, and things that look like QUIC. */
function garbageDatagrams(): Buffer[] {
  const noise = [0, 1, 20, 21, 100, 1200, 1472, 9000].map((size) => randomBytes(size));
  const shortHeader = Buffer.concat([Buffer.from([0x40]), randomBytes(50)]);
  const quicLike = [0, 8, 20, 21, 255].map((idLength) =>
    Buffer.concat([
      Buffer.from([0xc3, 0, 0, 0, 1, idLength]),
      randomBytes(idLength),
      Buffer.from([0, 0, 0x44, 0x96]),
      randomBytes(1200),
    ]),
  );
  const unknownVersion = Buffer.concat([Buffer.from([0xc0, 0xfa, 0xce, 0xb0, 0x0c, 8]), randomBytes(1300)]);
  return [...noise, shortHeader, ...quicLike, unknownVersion];
}

/** Beginnings of streams: nothing, half a frame, absurd lengths, noise, another protocol. */
function garbageStreams(): Buffer[] {
  return [
    Buffer.alloc(0),
    Buffer.from([0]),
    Buffer.from([0, 0]),
    Buffer.from([0xff, 0xff, 1, 2, 3]),
    Buffer.concat([Buffer.from([0, 32]), randomBytes(32)]),
    Buffer.concat([Buffer.from([0, 64]), randomBytes(64)]),
    randomBytes(100_000),
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from('1603010200010001fc0303', 'hex'),
  ];
}

function frame(body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

async function sendDatagrams(port: number, datagrams: readonly Buffer[]): Promise<void> {
  const socket = createSocket('udp4');
  for (let round = 0; round < 20; round++)
    for (const bytes of datagrams)
      await new Promise((resolve) => socket.send(bytes, port, '127.0.0.1', resolve));
  socket.close();
}

/** Sends, half-closes unless told otherwise, and reads until the other side closes; a refused connection counts as closed. */
function sendStream(
  target: { path: string } | { host: string; port: number },
  bytes: Buffer,
  { staysOpen = false } = {},
): Promise<{ connected: boolean; closed: boolean; received: Buffer }> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    let connected = false;
    const socket = connect({ ...target, allowHalfOpen: true } as never);
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ connected, closed, received: Buffer.concat(received) });
    };
    const timer = setTimeout(() => finish(false), 40_000);
    socket.on('connect', () => {
      connected = true;
      if (staysOpen) socket.write(bytes);
      else socket.end(bytes);
    });
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('end', () => finish(true));
    socket.on('close', () => finish(true));
    socket.on('error', () => {});
  });
}

/** Unix-domain sockets below a directory that somebody listens on. */
function listeningSockets(directory: string): string[] {
  const listening = '00010000';
  const paths = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && fields[7]?.startsWith(directory))
    .map((fields) => fields[7]!);
  return [...new Set(paths)];
}
