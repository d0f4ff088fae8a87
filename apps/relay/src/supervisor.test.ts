import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SupervisedRelay, type SupervisorEvent, superviseRelay } from './supervisor.js';
import { until } from './testing/until.js';

/** A worker that speaks the protocol without a relay: its label says what it does. */
const fakeWorker = `
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    if (message.kind === 'drain') process.exit(0);
    const { label, listen } = message.config;
    if (label === 'fails') {
      process.send({ kind: 'failed', code: 'port_in_use', text: 'taken', remedy: 'another' }, () => process.exit(1));
      return;
    }
    if (label === 'dies') process.exit(3);
    const port = listen.port || 40000 + process.pid % 1000;
    const id = message.secrets.seed + message.secrets.certificate.certPem.length;
    process.send({ kind: 'ready', id, listen: [{ host: listen.host, port }] });
    if (label === 'hangs' && listen.port === 0) setTimeout(() => { for (;;); }, 50);
  });
  setInterval(() => process.send({ kind: 'heartbeat' }), 500);
`;

let directory: string;
let workerPath: string;
let relay: SupervisedRelay | undefined;
let events: SupervisorEvent[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'macula-supervisor-'));
  workerPath = join(directory, 'worker.mjs');
  await writeFile(workerPath, fakeWorker);
  events = [];
});
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function start(label: string): Promise<SupervisedRelay> {
  relay = await superviseRelay(
    { listen: '127.0.0.1:0', label },
    { workerPath, handleSignals: false, onEvent: (event) => events.push(event) },
  );
  return relay;
}

const readies = () => events.filter((event) => event.kind === 'ready');

describe('superviseRelay', () => {
  it('restarts a worker that ended, with the same identity, certificate and port', async () => {
    const started = await start('good');
    const { id, listen, pid } = started;
    process.kill(pid!, 'SIGKILL');
    await until(() => readies().length === 2, 'the second worker');
    expect(events.map(({ kind }) => kind)).toEqual(['ready', 'worker_lost', 'ready']);
    expect(events[1]).toMatchObject({ why: 'exit', restartMs: 100 });
    expect(started.pid).not.toBe(pid);
    expect([started.id, started.listen]).toEqual([id, listen]);
  });

  it('kills a worker whose event loop stands still, after 3 s', async () => {
    const startedMs = performance.now();
    await start('hangs');
    await until(() => readies().length === 2, 'the second worker');
    expect(events[1]).toMatchObject({ kind: 'worker_lost', why: 'hung' });
    expect(performance.now() - startedMs).toBeGreaterThan(3000);
  });

  it('rejects with the error of the first worker', async () => {
    await expect(start('fails')).rejects.toMatchObject({ code: 'port_in_use', remedy: 'another' });
    await expect(start('dies')).rejects.toMatchObject({ code: 'worker_failed' });
    await expect(superviseRelay({ listen: 'x' })).rejects.toMatchObject({ code: 'bad_listen_address' });
  });

  it('stops, once', async () => {
    const started = await start('good');
    const { pid } = started;
    await Promise.all([started.stop(), started.stop(), started.stopped]);
    expect(events.slice(1)).toEqual([{ kind: 'draining' }, { kind: 'stopped' }]);
    expect(() => process.kill(pid!, 0)).toThrow();
  });
});
