import type { Scenario } from '../scenario.js';

const rounds = 15;

export const scenario: Scenario = {
  summary: `what a node sends right before it stops arrives, as over TCP: ${rounds} answers of rpc:call(Node, init, stop, []), and a message of 100 kB`,
  isLong: true,
  waits: true,
  async run({ scene }) {
    const { relay2, a, b } = await scene.pair();
    let node = b;
    for (let round = 1; round <= rounds; round++) {
      await a.gives("rpc:call('b@two.test', init, stop, [])", 'ok');
      await node.process.ended;
      node = await scene.node({ name: 'b@two.test', relays: [relay2.url], otp: b.otp });
      await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    }
    // What the emulator has not given to the kernel yet may be lost, over TCP as well (seen on OTP 29 with 10 MB).
    await a.gives("macula_e2e_restart:last_words('b@two.test', 100000)", '100000', 30_000);
  },
};
