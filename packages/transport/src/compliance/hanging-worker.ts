/** The worker process, which on SIGUSR2 gets a hostile dialer that hangs its native code for ever. */
import { randomBytes } from 'node:crypto';
import '../worker/main.js';
import { endlessRetirement, HostilePeer } from './hostile-peer.js';
import { pingFrame } from './quic-packets.js';
import { listenRecklessly } from './reckless-listener.js';

process.on('SIGUSR2', async () => {
  const hostile = await HostilePeer.dial(await listenRecklessly(), randomBytes(20));
  await hostile.send(...endlessRetirement());
  await hostile.move();
  await hostile.send(pingFrame);
});
