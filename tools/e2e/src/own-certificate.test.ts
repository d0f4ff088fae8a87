import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateSha256, makeDevCertificate } from '@macula/transport';
import { expect, it } from 'vitest';
import { explainFailure, useScene } from './use-scene.js';

const scene = useScene();

it('a relay with a certificate of its own: its pin lets nodes join, another one does not', async () => {
  explainFailure(scene);
  const { certPem, keyPem } = await makeDevCertificate({
    names: ['relay.test'],
    ips: ['127.0.0.1'],
    days: 1,
  });
  const cert = join(scene.directory, 'cert.pem');
  const key = join(scene.directory, 'key.pem');
  writeFileSync(cert, certPem);
  writeFileSync(key, keyPem, { mode: 0o600 });
  const relay = await scene.relay({ cert, key });
  const pin = Buffer.from(certificateSha256(certPem));
  const pinned = `${relay.url}#sha256=${pin.toString('hex')}`;
  const [a, b] = await Promise.all([
    scene.node({ name: 'a@one.test' }),
    scene.node({ name: 'b@two.test', relays: [pinned] }),
  ]);

  // A single bit is wrong, so that nothing but the comparison can tell.
  const other = Buffer.from(pin);
  other[31]! ^= 1;
  const refusal = await a.join([`${relay.url}#sha256=${other.toString('hex')}`]);
  expect(refusal).toMatch(/^\{error,\{connect_timeout,/);
  expect(refusal).toContain(`has the fingerprint ${pin.toString('hex')}, which is not pinned`);
  expect(await a.eval('maps:get(joined, macula:status())')).toBe('false');

  expect(await a.join([pinned])).toBe('ok');
  await a.evalUntil(`net_adm:ping('b@two.test')`, 'pong', 20_000);
  expect(await b.ping(a)).toBe('pong');
});
