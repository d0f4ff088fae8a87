import type { Scenario } from '../scenario.js';

const other = "'b@two.test'";
const options = `net_kernel:getopts(${other}, [keepalive, high_watermark])`;

export const scenario: Scenario = {
  summary:
    'net_kernel:setopts and getopts for one node and for new connections; what would break a link is refused',
  async run({ scene }) {
    // Hidden, since global may connect visible nodes again in the middle of its introductions.
    const { a, b } = await scene.pair({ flags: ['-hidden'] });
    const before = await a.gives(options, /^{ok,\[{keepalive,false},{high_watermark,\d+}\]}$/);
    await a.gives(`net_kernel:setopts(${other}, [{keepalive, true}, {high_watermark, 50000}])`, 'ok');
    await a.gives(options, '{ok,[{keepalive,true},{high_watermark,50000}]}');
    const large = (buffer: string) =>
      `{ok, [{${buffer}, Bytes}]} = net_kernel:getopts(${other}, [${buffer}]), Bytes >= 65536`;
    for (const buffer of ['sndbuf', 'recbuf']) {
      await a.gives(`net_kernel:setopts(${other}, [{${buffer}, 65536}])`, 'ok');
      await a.gives(large(buffer), 'true');
    }
    await a.gives("net_kernel:setopts('nobody@nowhere.test', [{nodelay, true}])", '{error,noconnection}');
    await a.gives("net_kernel:getopts('nobody@nowhere.test', [nodelay])", '{error,noconnection}');

    for (const connections of [other, 'new']) {
      for (const option of ['{active,false}', '{active,once}', '{deliver,term}', '{packet,2}'])
        await a.gives(`net_kernel:setopts(${connections}, [${option}])`, `{error,{badopts,[${option}]}}`);
      await a.gives(`net_kernel:setopts(${connections}, [{nonsense, 1}])`, '{error,einval}');
    }
    await a.gives(`rpc:call(${other}, erlang, node, [])`, other);
    await a.gives(options, '{ok,[{keepalive,true},{high_watermark,50000}]}');

    await a.gives(
      'net_kernel:setopts(new, [{nodelay, true}, {keepalive, true}, {high_watermark, 40000}])',
      'ok',
    );
    await a.gives(options, '{ok,[{keepalive,true},{high_watermark,50000}]}');
    for (const from of [a, b]) {
      await a.gives(`erlang:disconnect_node(${other})`, 'true');
      await b.evalUntil('nodes(connected)', '[]');
      await from.gives(`net_adm:ping('${from === a ? b.name : a.name}')`, 'pong');
      await a.gives(options, '{ok,[{keepalive,true},{high_watermark,40000}]}');
      await b.gives(options.replace(other, "'a@one.test'"), before);
    }

    // Over inet_tcp_dist this ends the node.
    const deaf = await scene.node({ name: 'deaf@one.test', flags: ['-dist_listen', 'false'] });
    await deaf.gives('net_kernel:setopts(new, [{nodelay, true}])', '{error,enotsup}');
    await deaf.gives('is_alive()', 'true');
  },
};
