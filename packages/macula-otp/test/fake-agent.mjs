// An agent without a mesh: it speaks PROTOCOL.md with its BEAM, and finds the other nodes' fake agents in the folder FAKE_MESH.
// Channel: file descriptors 3 and 4, or a Unix-domain control socket when an argument names one (one BEAM at a time).
// SIGUSR2 toggles "detached": bytes stop in both directions, and the BEAM is told, with a window of FAKE_WINDOW_MS (a minute). The agent itself
// never ends a tunnel whose window is over.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { atom, decode, encode, map, tuple } from './etf.mjs';

const mesh = process.env.FAKE_MESH;
const directory = fs.mkdtempSync(path.join(mesh, 'macula-'));
fs.chmodSync(directory, 0o700);
const localPath = path.join(directory, 'agent.sock');
const meshPath = path.join(mesh, `mesh-${process.pid}.sock`);
const announced = new Map(); // token (hex) -> { node, self, key }
const asked = new Map(); // incoming id -> function
const pipes = new Map(); // tunnel id (hex) -> [socket, socket]
let channel;
let listening;
let joined = false;
let detached = false;
let detachedAt = 0;
let reattachments = 0;
let nextId = 1;

const say = (term) => {
  const body = encode(term);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(body.length);
  channel?.write(Buffer.concat([frame, body]));
};
const registryFile = (name) => path.join(mesh, `${encodeURIComponent(name)}.json`);
/** For the test that searches for them: what the BEAM told in confidence. */
const keepSecrets = (info) => {
  const lines = ['token', 'key'].map((kind) => `${kind} ${info.get(kind).toString('hex')}\n`);
  fs.appendFileSync(path.join(mesh, 'secrets'), lines.join(''));
};
const proof = (key) => createHash('sha256').update(key).update('fake').digest('hex');

/**
 * Calls back with each length-prefixed frame until `stop` is called. The socket is read on even then, so that its close is noticed
 * (OTP ends setup processes at any moment); what comes meanwhile is kept for join().
 */
function frames(stream, prefix, onFrame) {
  let buffer = Buffer.alloc(0);
  let active = true;
  const onData = (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    while (active && buffer.length >= prefix) {
      const length = buffer.readUIntBE(0, prefix);
      if (buffer.length < prefix + length) return;
      const frame = buffer.subarray(prefix, prefix + length);
      buffer = buffer.subarray(prefix + length);
      onFrame(frame, () => {
        active = false;
        stream.off('data', onData);
        stream.early = buffer.length > 0 ? [buffer] : [];
        stream.collect = (later) => stream.early.push(later);
        stream.on('data', stream.collect);
      });
    }
  };
  stream.on('data', onData);
}

const short = (body) => {
  const frame = Buffer.alloc(2);
  frame.writeUInt16BE(body.length);
  return Buffer.concat([frame, body]);
};

const tunnelTerm = (id) =>
  map({
    id: Buffer.from(id, 'hex'),
    state: atom('open'),
    relay: 'https://fake:1',
    transport: 'fake',
    rtt_ms: 7,
    reattachments,
    detached_ms: atom('undefined'),
    bytes_waiting_out: 8,
    bytes_waiting_in: 9,
  });

const handlers = {
  hello: () =>
    say(
      tuple(
        atom('hello'),
        map({
          protocol: 1,
          agent_version: 'fake',
          os_pid: process.pid,
          address: tuple(atom('local'), localPath),
        }),
      ),
    ),
  listening: ([info]) => {
    listening = { node: info.get('node').toString(), address: info.get('address') };
    // Renamed, since others may read it at any moment.
    const written = `${registryFile(listening.node)}.${process.pid}`;
    fs.writeFileSync(written, JSON.stringify({ meshPath }));
    fs.renameSync(written, registryFile(listening.node));
  },
  not_listening: () => {
    if (listening) fs.rmSync(registryFile(listening.node), { force: true });
    listening = undefined;
  },
  ping: ([number]) => say(tuple(atom('pong'), number)),
  join: ([ref, options]) => {
    fs.appendFileSync(path.join(mesh, 'joins'), `${listening?.node}\n`);
    const relay = options.get('relays')[0].toString();
    if (relay.includes('silent')) return;
    if (relay.includes('refuse'))
      return say(
        tuple(
          atom('reply'),
          ref,
          tuple(
            atom('error'),
            tuple(
              atom('refused'),
              map({ text: 'no', relays: new Map(), codes: new Map([[relay, atom('token_expired')]]) }),
            ),
          ),
        ),
      );
    if (joined && joined !== relay)
      return say(
        tuple(
          atom('reply'),
          ref,
          tuple(atom('error'), tuple(atom('already_joined'), map({ text: 'left first?' }))),
        ),
      );
    joined = relay;
    say(tuple(atom('reply'), ref, atom('ok')));
  },
  leave: ([ref]) => {
    joined = false;
    say(tuple(atom('reply'), ref, atom('ok')));
  },
  status: ([ref]) =>
    say(
      tuple(
        atom('reply'),
        ref,
        tuple(
          atom('ok'),
          map({
            joined: atom(String(joined !== false)),
            tunnels: [...pipes.keys()].map(tunnelTerm),
            pending: announced.size,
          }),
        ),
      ),
    ),
  connect: ([, info]) => {
    keepSecrets(info);
    const token = info.get('token').toString('hex');
    announced.set(token, info);
    // The process that wanted it may have been ended before it dialled.
    setTimeout(() => announced.delete(token), 5000).unref();
  },
  accept: ([id, info]) => {
    keepSecrets(info);
    asked.get(id)?.(info);
  },
  refuse: ([id]) => asked.get(id)?.(undefined),
  // After a grace, as the real agent: the message overtakes the socket's last bytes ("nok" of a simultaneous connect).
  closed: ([id]) => {
    const end = () => {
      for (const socket of pipes.get(id.toString('hex')) ?? []) socket.destroy();
    };
    setTimeout(end, 1000).unref();
  },
};

function onTerm(frame) {
  const [tag, ...rest] = decode(frame).tuple;
  handlers[tag.atom]?.(rest);
}

const fail = (socket, reason) =>
  socket.end(
    short(
      Buffer.concat([Buffer.from('e'), encode(tuple(atom(reason), `said the fake agent about ${reason}`))]),
    ),
  );

function onOutgoing(near) {
  near.on('error', () => near.destroy());
  frames(near, 2, (token, stop) => {
    stop();
    dialPeer(near, token.toString('hex'), 0);
  });
}

function dialPeer(near, token, tries) {
  const info = announced.get(token);
  // The two channels race.
  if (near.destroyed) return;
  if (!info) return tries < 500 ? setTimeout(dialPeer, 10, near, token, tries + 1) : near.destroy();
  announced.delete(token);
  near.write(short(Buffer.from('p')));
  const file = registryFile(info.get('node').toString());
  if (!fs.existsSync(file)) return fail(near, 'not_found');
  const far = net.connect(JSON.parse(fs.readFileSync(file, 'utf8')).meshPath);
  const id = randomBytes(32);
  far.on('error', () => fail(near, 'not_here'));
  near.on('close', () => far.destroySoon());
  const request = JSON.stringify({
    self: info.get('self').toString(),
    proof: proof(info.get('key')),
    id: id.toString('hex'),
  });
  far.write(short(Buffer.from(request)));
  frames(far, 2, (answer, stop) => {
    stop();
    if (answer.toString() !== 'ok') return fail(near, answer.toString());
    near.write(short(Buffer.concat([Buffer.from('o'), id])));
    join(id.toString('hex'), near, far);
  });
}

function onIncoming(far) {
  far.on('error', () => far.destroy());
  frames(far, 2, (request, stop) => {
    stop();
    const { self, proof: theirs, id } = JSON.parse(request.toString());
    const number = nextId++;
    asked.set(number, (info) => {
      asked.delete(number);
      if (far.destroyed) return;
      if (!info || !listening) return far.end(short(Buffer.from('refused')));
      if (proof(info.get('key')) !== theirs) {
        say(
          tuple(
            atom('event'),
            atom('decrypt_failed'),
            atom('warning'),
            map({ text: `wrong cookie from ${self}`, peer: self, direction: atom('in') }),
          ),
        );
        return far.end(short(Buffer.from('decrypt_failed')));
      }
      dialBeam(far, info.get('token'), id);
    });
    say(tuple(atom('incoming'), number, map({ peer: self })));
  });
}

function dialBeam(far, token, id) {
  const [kind, where] = listening.address.tuple;
  const near = kind.atom === 'local' ? net.connect(where.toString()) : net.connect(where, '127.0.0.1');
  near.on('error', () => far.destroy());
  far.on('close', () => near.destroySoon());
  near.on('connect', () => {
    near.write(short(Buffer.concat([token, Buffer.from(id, 'hex')])));
    far.write(short(Buffer.from('ok')));
    join(id, near, far);
  });
}

function join(id, near, far) {
  pipes.set(id, [near, far]);
  for (const [from, to] of [
    [near, far],
    [far, near],
  ]) {
    from.setNoDelay(true);
    if (from.collect) from.off('data', from.collect);
    for (const early of from.early ?? []) to.write(early);
    from.pipe(to);
    // Soon, not at once: a connection that ends right after its last words ("nok") must not lose them.
    from.on('close', () => {
      to.destroySoon();
      pipes.delete(id);
    });
  }
}

process.on('SIGUSR2', () => {
  detached = !detached;
  if (detached) detachedAt = Date.now();
  else reattachments++;
  for (const [id, [near, far]] of pipes) {
    const name = Buffer.from(id, 'hex');
    const windowMs = Number(process.env.FAKE_WINDOW_MS ?? 60000);
    const news = detached
      ? map({ window_ms: windowMs, reason: atom('path_lost') })
      : map({ after_ms: Date.now() - detachedAt, reattachments });
    say(tuple(atom(detached ? 'tunnel_detached' : 'tunnel_resumed'), name, news));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      if (detached) {
        from.unpipe(to);
        from.pause();
      } else from.pipe(to);
    }
  }
});

process.on('SIGHUP', () => {
  for (const id of pipes.keys())
    say(tuple(atom('tunnel_down'), Buffer.from(id, 'hex'), atom('relay_lost'), 'the fake relay is gone'));
});

function end() {
  if (listening) fs.rmSync(registryFile(listening.node), { force: true });
  fs.rmSync(directory, { recursive: true, force: true });
  fs.rmSync(meshPath, { force: true });
  if (listening?.address.tuple[0].atom === 'local')
    fs.rmSync(path.dirname(listening.address.tuple[1].toString()), { recursive: true, force: true });
  process.exit(0);
}

process.umask(0o077);
net.createServer(onOutgoing).listen(localPath);
net.createServer(onIncoming).listen(meshPath, start);

function start() {
  const controlPath = process.argv[2];
  if (controlPath) {
    fs.rmSync(controlPath, { force: true });
    net
      .createServer((socket) => {
        channel = socket;
        frames(socket, 4, onTerm);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => handlers.not_listening());
      })
      .listen(controlPath);
    return;
  }
  channel = fs.createWriteStream('', { fd: 4 });
  const input = fs.createReadStream('', { fd: 3 });
  frames(input, 4, onTerm);
  input.on('end', end);
  input.on('error', end);
  channel.on('error', end);
}
