import { expect, it } from 'vitest';
import { explainFailure, useScene } from './use-scene.js';

const scene = useScene();
const count = 10_000;

it('10,000 messages of 0 B to 1 MB in both directions at once arrive complete, in order and unchanged', async () => {
  explainFailure(scene);
  const relay1 = await scene.relay({ label: 'relay-1' });
  const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
  const [a, b] = await Promise.all([
    scene.node({ name: 'a@one.test', relays: [relay1.url] }),
    scene.node({ name: 'b@two.test', relays: [relay2.url] }),
  ]);
  await a.evalUntil(`net_adm:ping('b@two.test')`, 'pong', 20_000);
  await Promise.all([a, b].map((node) => node.eval('macula_e2e:start_sink()')));

  const timeoutMs = 150_000;
  const seed = Number(process.env.MACULA_E2E_SEED ?? Date.now());
  const [sentByA, sentByB, receivedByA, receivedByB] = await Promise.all([
    a.eval(`macula_e2e:bulk_send('b@two.test', ${count}, ${seed})`, timeoutMs),
    b.eval(`macula_e2e:bulk_send('a@one.test', ${count}, ${seed + 1})`, timeoutMs),
    a.eval(`macula_e2e:bulk_result(${timeoutMs})`, timeoutMs),
    b.eval(`macula_e2e:bulk_result(${timeoutMs})`, timeoutMs),
  ]);
  const why = `MACULA_E2E_SEED=${seed}`;
  expect(receivedByB, why).toBe(sentByA);
  expect(receivedByA, why).toBe(sentByB);
  const [, messages, bytes] = /^\{(\d+),(\d+),"[0-9a-f]{64}"\}$/.exec(sentByA) ?? [];
  expect(Number(messages)).toBe(count);
  expect(Number(bytes)).toBeGreaterThan(500_000_000);
  expect(await a.eval('nodes()')).toBe("['b@two.test']");
});
