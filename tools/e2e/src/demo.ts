/** `npm run demo`: two relays, two OTP nodes, and what OTP does between them, as a table. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OtpNode, Scene } from './harness/index.js';

const once = process.argv.includes('--once');
const unknown = process.argv.slice(2).find((arg) => arg !== '--once');
if (unknown !== undefined) {
  process.stderr.write(`${unknown} is not an option of the demo. Use: npm run demo [-- --once]\n`);
  process.exit(2);
}

const scene = new Scene();
const cookie = `DEMO_${randomBytes(6).toString('hex')}`;
const bytes = 100_000_000;
const widths = [36, 46, 12] as const;
let failures = 0;

const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

async function main(): Promise<void> {
  const started = performance.now();
  note('starting two relays and two OTP nodes');
  const relay1 = await scene.relay({ label: 'relay-1' });
  const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
  const [a, b] = await Promise.all([
    scene.node({ name: 'berlin@alpha.test', cookie }),
    scene.node({ name: 'lisbon@beta.test', cookie }),
  ]);
  note(`relay-1 ${relay1.url}   relay-2 ${relay2.url}, peered with relay-1   (${since(started)})`);
  row('what', 'result', 'time', '');
  await check(`${a.name} joins at relay-1`, 'ok', () => a.join([relay1.url]));
  await check(`${b.name} joins at relay-2`, 'ok', () => b.join([relay2.url]));
  await checkPing(a, b);
  // Everything below would only repeat what went wrong.
  if (failures > 0) return;
  await check('rpc:call', `'${b.name}'`, () => a.eval(`rpc:call('${b.name}', erlang, node, [])`));
  await b.eval('macula_e2e:start_server(demo_server)');
  await check('gen_server:call', `{'${b.name}',hello}`, () =>
    a.eval(`gen_server:call({demo_server, '${b.name}'}, hello)`),
  );
  await check('pg:join on both, members seen', `['${a.name}','${b.name}']`, async () => {
    await Promise.all([a, b].map((node) => node.eval('macula_e2e:pg_member(demo)')));
    const members = await Promise.all([a, b].map((node) => node.eval('macula_e2e:pg_wait(demo, 2, 10000)')));
    return members[0] === members[1] ? members[0]! : members.join(' / ');
  });
  await check("monitor, then kill: 'DOWN'", '{down,killed}', () =>
    a.eval(`macula_e2e:kill_and_wait_down(rpc:call('${b.name}', macula_e2e, monitored_victim, []), 10000)`),
  );
  await checkBinary(a, b);
  await checkMetrics(a);
  if (once) return;
  process.stdout.write(`
The cluster stays up until Ctrl-C. A node of your own, or a shell inside ${a.name}, from another terminal:

  ./macula run --relay ${relay1.url} -- erl -name me@laptop.test -setcookie ${cookie}
    then: net_adm:ping('${b.name}').
  ./macula run --relay ${relay1.url} -- erl -name shell@laptop.test -setcookie ${cookie} -remsh ${a.name}

`);
  await interrupted;
  process.stdout.write('\n');
  note('stopping');
}

/** The first ping may come before the relays have told each other who is where; the time is that of the one that succeeds. */
async function checkPing(a: OtpNode, b: OtpNode): Promise<void> {
  const deadline = performance.now() + 15_000;
  let tookMs = 0;
  await check(
    `net_adm:ping('${b.name}')`,
    'pong',
    async () => {
      for (;;) {
        const start = performance.now();
        const answer = await a.ping(b);
        tookMs = performance.now() - start;
        if (answer === 'pong') return answer;
        if (performance.now() > deadline)
          return `pang: ${await a.eval(`binary_to_list(maps:get(text, macula:why('${b.name}')))`)}`;
        await sleep(200);
      }
    },
    () => tookMs,
  );
}

async function checkBinary(a: OtpNode, b: OtpNode): Promise<void> {
  const progress = setInterval(async () => {
    const sent = /bytes_out => (\d+)/.exec(
      await a.eval('macula_dist_relay:get_tunnel_metrics()').catch(() => ''),
    );
    if (sent) note(`${Math.round(Number(sent[1]) / 1e6)} of ${bytes / 1e6} MB`);
  }, 3000);
  const expression = `
    Binary = crypto:strong_rand_bytes(${bytes}),
    Sent = crypto:hash(sha256, Binary),
    Start = erlang:monotonic_time(millisecond),
    {${bytes}, Hex} = gen_server:call({demo_server, '${b.name}'}, {sha256, Binary}, 170000),
    Took = erlang:monotonic_time(millisecond) - Start,
    Received = binary:encode_unsigned(list_to_integer(Hex, 16)),
    {binary:decode_unsigned(Sent) =:= binary:decode_unsigned(Received), Took, Hex}`;
  let tookMs = 0;
  await check(
    '100 MB binary, SHA-256 on both sides',
    /^equal/,
    async () => {
      const value = await a.eval(expression, 180_000);
      const match = /^\{(true|false),(\d+),"([0-9a-f]+)"\}$/.exec(value);
      if (!match) return value;
      tookMs = Number(match[2]);
      const rate = (bytes / 1e3 / tookMs).toFixed(0);
      return match[1] === 'true' ? `equal (${match[3]!.slice(0, 12)}…), ${rate} MB/s` : 'different';
    },
    () => tookMs,
  );
  clearInterval(progress);
}

async function checkMetrics(a: OtpNode): Promise<void> {
  await check('macula_dist_relay:get_tunnel_metrics()', /^1 tunnel, \d{3,} MB out/, async () => {
    const value = await a.eval('[M || {_, M} <- macula_dist_relay:get_tunnel_metrics()]');
    const counter = (name: string): number =>
      Number(new RegExp(`${name} => (\\d+)`).exec(value)?.[1] ?? Number.NaN);
    const tunnels = value.split('#{').length - 1;
    const out = `${(counter('bytes_out') / 1e6).toFixed(0)} MB out (${counter('msgs_out')})`;
    const incoming = `${(counter('bytes_in') / 1e3).toFixed(0)} kB in (${counter('msgs_in')})`;
    return `${tunnels} tunnel${tunnels === 1 ? '' : 's'}, ${out}, ${incoming}`;
  });
}

async function check(
  what: string,
  wanted: string | RegExp,
  work: () => Promise<string>,
  time?: () => number,
): Promise<void> {
  const start = performance.now();
  let result: string;
  try {
    result = await work();
  } catch (error) {
    result = error instanceof Error ? error.message : String(error);
  }
  const tookMs = time?.() || performance.now() - start;
  const held = typeof wanted === 'string' ? result === wanted : wanted.test(result);
  if (!held) failures++;
  const [first, ...rest] = result.split('\n');
  row(what, first!, `${tookMs.toFixed(1)} ms`, held ? 'ok' : 'FAILED');
  if (!held) for (const line of rest) process.stdout.write(`      ${line}\n`);
}

function row(what: string, result: string, time: string, state: string): void {
  process.stdout.write(
    `${what.padEnd(widths[0])}  ${result.padEnd(widths[1])}  ${time.padStart(widths[2])}  ${state}`.trimEnd() +
      '\n',
  );
}

function note(text: string): void {
  process.stdout.write(`· ${text}\n`);
}

function since(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

try {
  const outcome = await Promise.race([main().then(() => 'done'), interrupted.then(() => 'interrupted')]);
  if (outcome === 'interrupted' && once) failures++;
} catch (error) {
  failures++;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
if (failures > 0 && process.env.MACULA_DEBUG) process.stderr.write(`${scene.transcript()}\n`);
await scene.stop();
process.exit(failures === 0 ? 0 : 1);
