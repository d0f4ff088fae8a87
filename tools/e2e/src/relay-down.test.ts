import { describe, expect, it } from 'vitest';
import { freePorts } from './harness/index.js';
import { explainFailure, useScene } from './use-scene.js';

describe('no relay is there', () => {
  const scene = useScene();

  it('join_mesh says so within 10 s, leaves nothing behind, and works once there is one', async () => {
    explainFailure(scene);
    const [port] = (await freePorts(1)) as [number];
    const url = `https://127.0.0.1:${port}`;
    const a = await scene.node({ name: 'a@one.test' });
    const before = await a.eval('macula_e2e:counts()');

    const start = performance.now();
    expect(await a.join([url])).toMatch(/^\{error,\{connect_timeout,/);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(await a.eval('maps:get(joined, macula:status())')).toBe('false');
    await a.evalUntil('macula_e2e:counts()', before, 5_000);

    await scene.relay({ port });
    expect(await a.join([url])).toBe('ok');
    expect(await a.eval('maps:get(joined, macula:status())')).toBe('true');
    expect(await a.join([url])).toMatch(/^ok$|already_joined/);
    expect(await a.eval('macula:leave_mesh()')).toBe('ok');
    expect(await a.eval('maps:get(joined, macula:status())')).toBe('false');
    expect(await a.join([url])).toBe('ok');
  });

  it('a node joined from the environment tries until the relay comes', async () => {
    explainFailure(scene);
    const [port] = (await freePorts(1)) as [number];
    const relays = [`https://127.0.0.1:${port}`];
    const [a, b] = await Promise.all([
      scene.node({ name: 'c@one.test', relays }),
      scene.node({ name: 'd@two.test', relays }),
    ]);
    expect(await a.ping(b)).toBe('pang');
    await scene.relay({ port, label: 'late relay' });
    await a.evalUntil(`net_adm:ping('d@two.test')`, 'pong', 40_000);
  });
});

/** A port that nothing listens on. */
