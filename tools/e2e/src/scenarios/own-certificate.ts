import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateSha256, makeDevCertificate } from '@macula/transport';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a relay with a certificate of its own: its pin lets nodes join, one that differs by a bit does not',
  isLong: true,
  waits: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
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
    assert.match(refusal, /^\{error,\{connect_timeout,/);
    const why = `has the fingerprint ${pin.toString('hex')}, which is not pinned`;
    assert.ok(refusal.includes(why), `${refusal} doesn't say: ${why}`);
    await a.gives('maps:get(joined, macula:status())', 'false');

    assert.equal(await a.join([pinned]), 'ok');
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    assert.equal(await b.ping(a), 'pong');
  },
};
