import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'vitest';

/** Whether this machine has an IPv6 loopback address. */
export const hasIpv6Loopback: boolean = await (async () => {
  const server = net.createServer();
  try {
    server.listen(0, '::1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
})();

/** Skips the test where the host can't be reached for want of IPv6. */
export function skipWithoutIpv6(context: TestContext, host: string): void {
  if (host.includes(':')) context.skip(!hasIpv6Loopback, 'this machine has no IPv6 loopback');
}
