import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { recorder } from '../testing/recorder.js';
import { TestBed } from '../testing/test-bed.js';
import { type AdminServer, startAdmin } from './admin-server.js';

const pages = { isReady: () => true, metrics: () => 'm 1\n', status: () => ({ id: 'x' }) };
const token = 'a token of many characters';
let server: AdminServer | undefined;
afterEach(() => server?.close());

function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; body: string }> {
  const { port } = server!.address;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    sent.on('error', reject).end();
  });
}

describe('the admin server', () => {
  it('shows its pages on loopback', async () => {
    server = await startAdmin({ host: '127.0.0.1', port: 0 }, undefined, pages);
    expect(await ask('/health')).toEqual({ status: 200, body: 'ok\n' });
    expect(await ask('/ready')).toEqual({ status: 200, body: 'ready\n' });
    expect(await ask('/metrics')).toEqual({ status: 200, body: 'm 1\n' });
    expect(JSON.parse((await ask('/status?x')).body)).toEqual({ id: 'x' });
    expect((await ask('/other')).status).toBe(404);
    expect((await ask('/status', {}, 'POST')).status).toBe(405);
    expect((await ask('/status', { Host: 'evil.example.org' })).status).toBe(403);
  });

  it('needs a token elsewhere, and refuses to start without one', async () => {
    await expect(startAdmin({ host: '0.0.0.0', port: 0 }, undefined, pages)).rejects.toMatchObject({
      code: 'bad_config',
    });
    server = await startAdmin({ host: '0.0.0.0', port: 0 }, token, pages);
    expect((await ask('/status')).status).toBe(401);
    expect((await ask('/status', { Authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await ask('/status', { Authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it('says port_in_use', async () => {
    server = await startAdmin({ host: '127.0.0.1', port: 0 }, undefined, pages);
    const { port } = server.address;
    await expect(startAdmin({ host: '127.0.0.1', port }, undefined, pages)).rejects.toMatchObject({
      code: 'port_in_use',
    });
  });

  it('belongs to a relay: status and metrics, and an error leaves nothing behind', async () => {
    const bed = new TestBed();
    try {
      const relay = await bed.relay(1, { admin: '127.0.0.1:0', label: 'mine' });
      server = { address: relay.admin!, close: async () => {} };
      const status = JSON.parse((await ask('/status')).body);
      expect(status).toMatchObject({
        id: relay.id,
        label: 'mine',
        state: 'up',
        listen: ['memory://relay:1'],
        tunnels: 0,
      });
      expect((await ask('/metrics')).body).toContain(
        '# TYPE macula_relay_sessions gauge\nmacula_relay_sessions 0\n',
      );
      const log = recorder();
      await expect(bed.relay(1, {}, { logger: log.logger })).rejects.toMatchObject({ code: 'port_in_use' });
      expect(log.messages()).not.toContain('relay closed');
      await expect(bed.relay(2, { admin: '0.0.0.0:0' })).rejects.toMatchObject({ code: 'bad_config' });
      await bed.relay(2);
    } finally {
      await bed.close();
    }
  });
});
