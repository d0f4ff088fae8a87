import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { codeMax, streamBufferBytesMax } from '../limits.js';
import type { Bench } from './describe-transport.js';
import { Deferred, patternBytes, TestStream } from './tools.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** What streams promise. */
export function streamCases(bench: Bench): void {
  describe('streams', () => {
    test('half-close towards the listener: the answer still comes', async () => {
      const { near, far } = await bench.streams();
      near.stream.write(bytes('question'));
      near.stream.end();
      await far.ended;
      expect(far.text()).toBe('question');
      expect(far.isClosed).toBe(false);
      far.stream.write(bytes('answer'));
      far.stream.end();
      await near.ended;
      expect(near.text()).toBe('answer');
      expect(await near.closed).toEqual({ kind: 'done' });
      expect(await far.closed).toEqual({ kind: 'done' });
    });

    test('half-close towards the dialer: the answer still comes', async () => {
      const { near, far } = await bench.streams();
      far.stream.write(bytes('question'));
      far.stream.end();
      await near.ended;
      expect(near.text()).toBe('question');
      near.stream.write(bytes('answer'));
      near.stream.end();
      await far.ended;
      expect(far.text()).toBe('answer');
      expect(await near.closed).toEqual({ kind: 'done' });
      expect(await far.closed).toEqual({ kind: 'done' });
    });

    test('an end without bytes arrives', async () => {
      const { dialer, listener } = await bench.connect();
      const near = new TestStream(dialer.connection.openStream());
      near.stream.end();
      const far = new TestStream(await listener.streams.next());
      await far.ended;
      far.stream.end();
      expect(await near.closed).toEqual({ kind: 'done' });
      expect(await far.closed).toEqual({ kind: 'done' });
    });

    test.each(['dialer', 'listener'] as const)('reset by the %s carries its code', async (who) => {
      const { near, far } = await bench.streams();
      const [mine, theirs] = who === 'dialer' ? [near, far] : [far, near];
      mine.stream.reset(42);
      expect(await mine.closed).toEqual({ kind: 'reset', code: 42, local: true });
      expect(await theirs.closed).toEqual({ kind: 'reset', code: 42, local: false });
    });

    test('the largest code travels; others are refused, and nothing is reset or closed', async () => {
      const { near, far } = await bench.streams();
      for (const code of [-1, 1.5, Number.NaN, codeMax + 1, 2 ** 62]) {
        expect(() => near.stream.reset(code)).toThrowError(expect.objectContaining({ code: 'bad_code' }));
      }
      near.stream.reset(codeMax);
      expect(await far.closed).toEqual({ kind: 'reset', code: codeMax, local: false });
    });

    test('reset after an own end, with the other direction open', async () => {
      const { near, far } = await bench.streams();
      near.stream.end();
      await far.ended;
      near.stream.reset(43);
      expect(await far.closed).toEqual({ kind: 'reset', code: 43, local: false });
    });

    test('reset after the end of the peer', async () => {
      const { near, far } = await bench.streams();
      near.stream.end();
      await far.ended;
      far.stream.reset(44);
      expect(await near.closed).toEqual({ kind: 'reset', code: 44, local: false });
    });

    test('a paused stream learns of a reset', async () => {
      const { near, far } = await bench.streams();
      far.stream.pause();
      near.stream.write(Buffer.alloc(1000));
      near.stream.reset(45);
      expect(await far.closed).toEqual({ kind: 'reset', code: 45, local: false });
      expect(far.bytes).toBe(0);
    });

    test('a stream over is silent, and commands do nothing', async () => {
      const { near, far } = await bench.streams();
      near.stream.reset(1);
      await far.closed;
      far.stream.end();
      far.stream.reset(2);
      far.stream.resume();
      expect(far.stream.write(Buffer.alloc(10))).toBe(false);
      expect(far.stream.bufferedBytes).toBe(0);
    });

    test('a slow reader holds the writer back, which goes on exactly', async () => {
      const { near, far } = await bench.streams();
      const total = 12 * 1024 * 1024;
      const chunk = patternBytes(64 * 1024, 7);
      const sent = createHash('sha256');
      const got = createHash('sha256');
      far.stream.pause();
      let left = total;
      let bufferedMax = 0;
      const blocked = new Deferred<void>();
      const fill = (): void => {
        while (left > 0) {
          sent.update(chunk);
          left -= chunk.length;
          const isFree = near.stream.write(chunk);
          bufferedMax = Math.max(bufferedMax, near.stream.bufferedBytes);
          if (!isFree) {
            // With the window full there is no drain any more: the writer is held back for good.
            setTimeout(() => blocked.resolve(), 150);
            return;
          }
        }
        near.stream.end();
      };
      near.stream.start({ onData: () => {}, onEnd: () => {}, onDrain: fill, onClosed: () => {} });
      fill();
      await blocked.promise;
      expect(left).toBeGreaterThan(0);
      const finished = new Deferred<void>();
      let received = 0;
      far.stream.start({
        onData: (part) => {
          received += part.length;
          got.update(part);
        },
        onEnd: () => finished.resolve(),
        onDrain: () => {},
        onClosed: () => {},
      });
      far.stream.resume();
      await finished.promise;
      expect(received).toBe(total);
      expect(got.digest('hex')).toBe(sent.digest('hex'));
      expect(bufferedMax).toBeLessThan(streamBufferBytesMax + chunk.length);
    });

    test('1000 streams at once, each echoed', async () => {
      const { dialer, listener } = await bench.connect();
      const count = 1000;
      const echo = (async () => {
        for (let index = 0; index < count; index++) {
          const stream = await listener.streams.next();
          const far: TestStream = new TestStream(stream, (part) => far.stream.write(part));
          void far.ended.then(() => far.stream.end());
        }
      })();
      const nears = Array.from({ length: count }, (_, index) => {
        const near = new TestStream(dialer.connection.openStream());
        near.stream.write(bytes(`stream ${index}`));
        near.stream.end();
        return near;
      });
      await echo;
      expect(new Set(nears.map((near) => near.stream.id)).size).toBe(count);
      for (const [index, near] of nears.entries()) {
        expect(await near.closed).toEqual({ kind: 'done' });
        expect(near.text()).toBe(`stream ${index}`);
      }
    });

    test('50 MB arrive as they were', async () => {
      const { near, far } = await bench.streams();
      const got = createHash('sha256');
      const sent = createHash('sha256');
      let received = 0;
      const finished = new Deferred<void>();
      far.stream.start({
        onData: (part) => {
          received += part.length;
          got.update(part);
        },
        onEnd: () => finished.resolve(),
        onDrain: () => {},
        onClosed: () => {},
      });
      const chunk = patternBytes(1_000_003, 3);
      for (let round = 0; round < 50; round++) sent.update(chunk);
      await near.writeAll(Array.from({ length: 50 }, () => chunk));
      near.stream.end();
      await finished.promise;
      expect(received).toBe(50 * chunk.length);
      expect(got.digest('hex')).toBe(sent.digest('hex'));
    });

    test('tiny writes arrive in order', async () => {
      const { near, far } = await bench.streams();
      const pattern = patternBytes(20_000, 5);
      await near.writeAll(Array.from(pattern, (_, index) => pattern.subarray(index, index + 1)));
      near.stream.end();
      await far.ended;
      expect(Buffer.concat(far.chunks).equals(pattern)).toBe(true);
    });

    test('bytes and end that come before start are not lost', async () => {
      const { dialer, listener } = await bench.connect();
      const near = new TestStream(dialer.connection.openStream());
      near.stream.write(bytes('early'));
      near.stream.end();
      const stream = await listener.streams.next();
      // A second stream's round trip makes sure that the first one's bytes are there.
      const other = new TestStream(dialer.connection.openStream());
      other.stream.write(bytes('x'));
      await new TestStream(await listener.streams.next()).received(1);
      const far = new TestStream(stream);
      await far.ended;
      expect(far.text()).toBe('early');
    });

    test('start again in mid-stream loses nothing', async () => {
      const { near, far } = await bench.streams();
      const pattern = patternBytes(3_000_000, 11);
      const got: Uint8Array[] = [];
      const finished = new Deferred<void>();
      let owner = 0;
      const own = (): void => {
        const me = ++owner;
        let calls = 0;
        far.stream.start({
          onData: (part) => {
            expect(me).toBe(owner);
            got.push(part);
            if (++calls === 3) {
              far.stream.pause();
              setImmediate(() => {
                own();
                far.stream.resume();
              });
            }
          },
          onEnd: () => finished.resolve(),
          onDrain: () => {},
          onClosed: () => {},
        });
      };
      own();
      const writing = near
        .writeAll(
          Array.from({ length: 300 }, (_, index) => pattern.subarray(index * 10_000, (index + 1) * 10_000)),
        )
        .then(() => near.stream.end());
      await Promise.all([writing, finished.promise]);
      expect(Buffer.concat(got).equals(pattern)).toBe(true);
      expect(owner).toBeGreaterThan(3);
    });

    test('control passes beside bulk that nobody reads', async () => {
      const { dialer, listener } = await bench.connect();
      const bulk = Array.from({ length: 20 }, () => new TestStream(dialer.connection.openStream()));
      for (const { stream } of bulk) while (stream.write(Buffer.alloc(64 * 1024)));
      for (let index = 0; index < bulk.length; index++) (await listener.streams.next()).pause();
      const control = new TestStream(dialer.connection.openStream({ priority: 'control' }));
      control.stream.write(bytes('ping'));
      const far = new TestStream(await listener.streams.next());
      far.stream.priority = 'control';
      await far.received(4);
      far.stream.write(bytes('pong'));
      await control.received(4);
      expect(control.text()).toBe('pong');
    });
  });
}
