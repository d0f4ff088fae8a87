import { describe, expect, test, vi } from 'vitest';
import type { TransportError } from '../errors.js';
import { codeMax } from '../limits.js';
import type { Connection } from '../transport.js';
import type { Bench, BlackHole } from './describe-transport.js';
import { bindUdp, dialOptions, Inbox, TestConnection, TestStream, testCertificate } from './tools.js';

/** What connections, listeners and transports promise. */
export function connectionCases(bench: Bench): void {
  describe('connections', () => {
    test.each(['dialer', 'listener'] as const)('close by the %s carries code and reason', async (who) => {
      const { near, far, dialer, listener } = await bench.streams();
      const [mine, theirs] = who === 'dialer' ? [dialer, listener] : [listener, dialer];
      mine.connection.close(7, 'good bye');
      expect(await mine.closed).toEqual({ kind: 'local', code: 7, reason: 'good bye' });
      expect(await theirs.closed).toEqual({ kind: 'peer', code: 7, reason: 'good bye' });
      expect(await near.closed).toMatchObject({ kind: 'lost', error: { code: 'closed' } });
      expect(await far.closed).toMatchObject({ kind: 'lost', error: { code: 'closed' } });
      expect(() => mine.connection.openStream()).toThrowError(expect.objectContaining({ code: 'closed' }));
      expect(mine.connection.sendDatagram(Buffer.from('x'))).toBe(false);
    });

    test('both ends know the same certificate, and their roles', async () => {
      const { dialer, listener } = await bench.connect();
      expect(Buffer.from(dialer.connection.certificateSha256)).toEqual(
        Buffer.from(listener.connection.certificateSha256),
      );
      expect(dialer.connection.certificateSha256).toHaveLength(32);
      expect([dialer.connection.role, listener.connection.role]).toEqual(['dialer', 'listener']);
    });

    test('figures: bytes in both directions, a round trip, and the last ones after the close', async () => {
      const { near, far, dialer, listener } = await bench.streams();
      const [before, theirsBefore] = [dialer, listener].map(({ connection }) => connection.stats());
      near.stream.write(Buffer.alloc(100_000));
      await far.received(100_000);
      far.stream.write(Buffer.alloc(50_000));
      await near.received(50_000);
      // A worker sends its figures once a second.
      const after = await vi.waitFor(
        () => {
          const [mine, theirs] = [dialer, listener].map(({ connection }) => connection.stats());
          expect(mine!.bytesSent - before!.bytesSent).toBeGreaterThanOrEqual(100_000);
          expect(mine!.bytesReceived - before!.bytesReceived).toBeGreaterThanOrEqual(50_000);
          expect(theirs!.bytesSent - theirsBefore!.bytesSent).toBeGreaterThanOrEqual(50_000);
          expect(theirs!.bytesReceived - theirsBefore!.bytesReceived).toBeGreaterThanOrEqual(100_000);
          for (const { rttMs, packetsLost } of [mine!, theirs!]) {
            expect(rttMs).toBeGreaterThanOrEqual(0);
            expect(rttMs).toBeLessThan(5000);
            expect(Number.isInteger(packetsLost)).toBe(true);
          }
          return mine!;
        },
        { timeout: 5000 },
      );
      dialer.connection.close(0, '');
      expect(dialer.connection.stats().bytesSent).toBeGreaterThanOrEqual(after.bytesSent);
    });

    test('streams that come before start are told after it', async () => {
      const { dialer, listener } = await bench.connectRaw();
      const near = new TestStream(dialer.openStream());
      near.stream.write(Buffer.from('early'));
      // What the peer answers shows that it has got everything before.
      const far = listener.openStream();
      far.write(Buffer.from('x'));
      const dialing = new TestConnection(dialer);
      await new TestStream(await dialing.streams.next()).received(1);
      const stream = new TestStream(await new TestConnection(listener).streams.next());
      await stream.received(5);
      expect(stream.text()).toBe('early');
    });

    test('a close that comes before start is told after it', async () => {
      const { dialer, listener } = await bench.connectRaw();
      const stream = listener.openStream();
      const near = new TestConnection(dialer);
      near.connection.close(3, 'done');
      await near.closed;
      expect(await new TestConnection(listener).closed).toEqual({ kind: 'peer', code: 3, reason: 'done' });
      expect(await new TestStream(stream).closed).toMatchObject({ kind: 'lost' });
    });

    test('the listener closes all its connections with the code', async () => {
      const listener = await bench.listen();
      const accepted = new Inbox<Connection>();
      listener.start({ onConnection: (connection) => accepted.push(connection) });
      const { dialer } = bench.pair();
      const first = new TestConnection(await dialer.dial(dialOptions(listener.address)));
      const second = new TestConnection(await dialer.dial(dialOptions(listener.address)));
      await accepted.next();
      await accepted.next();
      await listener.close(9);
      expect(await first.closed).toMatchObject({ kind: 'peer', code: 9 });
      expect(await second.closed).toMatchObject({ kind: 'peer', code: 9 });
    });

    test('connections that come before start of the listener wait', async () => {
      const listener = await bench.listen();
      const near = new TestConnection(await bench.pair().dialer.dial(dialOptions(listener.address)));
      near.connection.openStream().write(Buffer.from('early'));
      const accepted = new Inbox<Connection>();
      listener.start({ onConnection: (connection) => accepted.push(connection) });
      const far = new TestConnection(await accepted.next());
      const stream = new TestStream(await far.streams.next());
      await stream.received(5);
      expect(stream.text()).toBe('early');
    });

    test('an address in use', async () => {
      const listener = await bench.listen();
      const certificate = await testCertificate;
      await expect(bench.pair().listener.listen({ ...listener.address, certificate })).rejects.toMatchObject({
        code: 'bind_failed',
      });
    });

    test('abrupt loss is noticed by both ends', async () => {
      await bench.retune({ idleTimeoutMs: 600, keepAliveMs: 200 });
      const listener = await bench.listen();
      const accepted = new Inbox<Connection>();
      listener.start({ onConnection: (connection) => accepted.push(connection) });
      const link = await bench.pair().link(listener.address);
      const near = new TestConnection(await bench.pair().dialer.dial(dialOptions(link.address)));
      const far = new TestConnection(await accepted.next());
      const stream = new TestStream(near.connection.openStream());
      stream.stream.write(Buffer.from('x'));
      await far.streams.next();
      link.sever();
      expect(await near.closed).toMatchObject({ kind: 'lost', error: { code: 'idle_timeout' } });
      expect(await far.closed).toMatchObject({ kind: 'lost', error: { code: 'idle_timeout' } });
      expect(await stream.closed).toMatchObject({ kind: 'lost', error: { code: 'idle_timeout' } });
      link.close();
    });

    test('a close takes the largest code; others are refused, and the connection stays', async () => {
      const { dialer, listener } = await bench.connect();
      for (const code of [-1, 1.5, Number.NaN, codeMax + 1, 2 ** 62]) {
        expect(() => dialer.connection.close(code, '')).toThrowError(
          expect.objectContaining({ code: 'bad_code' }),
        );
      }
      dialer.connection.close(codeMax, 'the largest');
      expect(await listener.closed).toEqual({ kind: 'peer', code: codeMax, reason: 'the largest' });
    });

    test('an idle connection lives by its pings', async () => {
      // More than half the idle timeout apart: each ping counts.
      await bench.retune({ idleTimeoutMs: 1500, keepAliveMs: 900 });
      const { dialer, listener } = await bench.connect();
      // Two idle timeouts long nothing is said.
      const waited = new Promise((resolve) => setTimeout(() => resolve('alive'), 3000));
      expect(await Promise.race([waited, dialer.closed, listener.closed])).toBe('alive');
      const stream = new TestStream(dialer.connection.openStream());
      stream.stream.write(Buffer.from('x'));
      await new TestStream(await listener.streams.next()).received(1);
    });

    test('refused where nothing listens', async () => {
      const listener = await bench.listen();
      await listener.close();
      await expect(bench.pair().dialer.dial(dialOptions(listener.address))).rejects.toMatchObject({
        code: 'refused',
      });
    });

    test('an attempt that is given up ends at once; a signal that fires later does nothing', async () => {
      const listener = await bench.listen();
      const giveUp = new AbortController();
      const given = { signal: giveUp.signal };
      const near = new TestConnection(await bench.pair().dialer.dial(dialOptions(listener.address, given)));
      const dialing = bench.pair().dialer.dial(dialOptions(listener.address, given));
      giveUp.abort();
      await expect(dialing).rejects.toMatchObject({ code: 'closed' });
      const again = bench.pair().dialer.dial(dialOptions(listener.address, given));
      await expect(again).rejects.toMatchObject({ code: 'closed' });
      const accepted = new Inbox<Connection>();
      listener.start({ onConnection: (connection) => accepted.push(connection) });
      near.connection.openStream().write(Buffer.from('x'));
      await new TestConnection(await accepted.next()).streams.next();
    });

    test.each([0, 1, 2, 3, 5, 8])(
      'a transport closed %i turns into a dial leaves no connection',
      async (turns) => {
        const { address } = await bench.listen();
        const { dialer } = bench.pair();
        // Open in time, and then closed with its transport; or not open.
        const dialing = dialer.dial(dialOptions(address)).then(
          (connection) => new TestConnection(connection).closed,
          (error: TransportError) => ({ kind: error.code }),
        );
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        await dialer.close();
        expect(['closed', 'local']).toContain((await dialing).kind);
      },
    );

    test('a closed transport refuses to dial and to listen', async () => {
      const { dialer, address } = await bench.connect();
      await bench.pair().dialer.close();
      expect(await dialer.closed).toMatchObject({ kind: 'local' });
      await expect(bench.pair().dialer.dial(dialOptions(address))).rejects.toMatchObject({ code: 'closed' });
    });

    if (!bench.under.usesSockets) return; // what follows is about real networks
    test('a black hole ends in connect_timeout', async () => {
      const hole = await (bench.under.makeBlackHole ?? udpBlackHole)();
      const dialing = bench.pair().dialer.dial(dialOptions(hole.address, { connectTimeoutMs: 300 }));
      await expect(dialing).rejects.toMatchObject({ code: 'connect_timeout' });
      hole.close();
    });

    test('an attempt into a black hole is given up', async () => {
      const hole = await (bench.under.makeBlackHole ?? udpBlackHole)();
      const giveUp = new AbortController();
      const dialing = bench.pair().dialer.dial(dialOptions(hole.address, { signal: giveUp.signal }));
      setTimeout(() => giveUp.abort(), 50);
      await expect(dialing).rejects.toMatchObject({ code: 'closed' });
      hole.close();
    });

    test('a name that nobody knows', async () => {
      const options = dialOptions({ host: 'does-not-exist.invalid', port: 1 }, { connectTimeoutMs: 5000 });
      await expect(bench.pair().dialer.dial(options)).rejects.toMatchObject({
        code: expect.stringMatching(/^(name_not_resolved|connect_timeout)$/),
      });
    });
  });
}

async function udpBlackHole(): Promise<BlackHole> {
  const socket = await bindUdp();
  return { address: { host: '127.0.0.1', port: socket.address().port }, close: () => socket.close() };
}
