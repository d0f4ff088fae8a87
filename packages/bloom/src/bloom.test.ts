import { spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyDelta,
  type BloomDelta,
  BloomError,
  BloomFilter,
  CountingBloomFilter,
  decodeDelta,
  decodeFilter,
  elementOf,
  encodeDelta,
  encodeFilter,
  parametersFor,
  positionsOf,
} from './index.js';

const element = (name: string | number) => createHash('sha256').update(String(name)).digest().subarray(0, 16);
const small = { bits: 61, hashes: 3 };

describe('parameters', () => {
  it('follow the formulas', () => {
    expect(parametersFor({ expectedNames: 1_000, falsePositiveRate: 0.01 })).toEqual({
      bits: 9_592,
      hashes: 7,
    });
    expect(parametersFor({ expectedNames: 1_000, falsePositiveRate: 2e-5 })).toEqual({
      bits: 22_520,
      hashes: 16,
    });
    expect(parametersFor({ expectedNames: 1, falsePositiveRate: 0.9 }).hashes).toBeGreaterThan(0);
  });

  it.each([
    [0, 0.1],
    [10, 0],
    [10, 1],
    [Number.NaN, 0.1],
    [1e9, 1e-9],
  ])('refuse %d names at %d', (expectedNames, falsePositiveRate) => {
    expect(codeOf(() => parametersFor({ expectedNames, falsePositiveRate }))).toBe('invalid_parameters');
  });

  it('give the false positives they promise: 2,000 names at 1 %, 200,000 questions', () => {
    const origin = new CountingBloomFilter(
      parametersFor({ expectedNames: 2_000, falsePositiveRate: 0.01 }),
      1,
    );
    for (let name = 0; name < 2_000; name++) origin.add(element(name));
    origin.takeDelta();
    const filter = origin.snapshot();
    let wrong = 0;
    for (let name = 0; name < 200_000; name++) if (filter.mayContain(element(`other ${name}`))) wrong += 1;
    // 2,000 expected with a standard deviation of 45; the filter's own fill varies by a few per cent more.
    expect(wrong).toBeGreaterThan(1_750);
    expect(wrong).toBeLessThan(2_250);
    expect(filter.fillRatio).toBeGreaterThan(0.47);
    expect(filter.fillRatio).toBeLessThan(0.53);
    for (let name = 0; name < 2_000; name++) expect(filter.mayContain(element(name))).toBe(true);
  });
});

describe('small filters', () => {
  it.each([
    [1, 1e-6],
    [2, 1e-4],
    [10, 1e-4],
  ])(
    'B3: give no more than planned for %d names at %d, 1,000,000 questions',
    (expectedNames, falsePositiveRate) => {
      const parameters = parametersFor({ expectedNames, falsePositiveRate });
      const bytes = createHash('shake256', { outputLength: 16 * 51_000 })
        .update('few names')
        .digest();
      const nameOf = (index: number) => bytes.subarray(16 * index, 16 * index + 16);
      let wrong = 0;
      for (let round = 0; round < 20; round++) {
        const origin = new CountingBloomFilter(parameters, 1);
        for (let name = 0; name < expectedNames; name++) origin.add(nameOf(round * expectedNames + name));
        origin.takeDelta();
        const filter = origin.snapshot();
        for (let name = 1_000; name < 51_000; name++) if (filter.mayContain(nameOf(name))) wrong += 1;
      }
      expect(wrong).toBeLessThanOrEqual(1_000_000 * falsePositiveRate);
    },
  );

  it('B3: give no more false positives than planned either: 20 of 50 names at 2e-5, 1,000,000 questions', () => {
    const parameters = parametersFor({ expectedNames: 50, falsePositiveRate: 2e-5 });
    const bytes = createHash('shake256', { outputLength: 16 * 51_000 })
      .update('names')
      .digest();
    const nameOf = (index: number) => bytes.subarray(16 * index, 16 * index + 16);
    const origins = Array.from({ length: 20 }, () => new CountingBloomFilter(parameters, 1));
    for (let name = 0; name < 1_000; name++) origins[name % 20]!.add(nameOf(name));
    const filters = origins.map((origin) => {
      origin.takeDelta();
      return origin.snapshot();
    });
    let wrong = 0;
    for (let name = 1_000; name < 51_000; name++) {
      const positions = positionsOf(nameOf(name), parameters);
      for (const filter of filters) if (filter.hasAll(positions)) wrong += 1;
    }
    // 20 expected, with a standard deviation of 5; two hash values instead of three gave 48.
    expect(wrong).toBeLessThan(40);
  });
});

describe('vectors, computed by another implementation with big integers', () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/bloom.json', import.meta.url), 'utf8'));
  const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

  it.each(vectors.positions as { bits: number; hashes: number; element: string; positions: number[] }[])(
    'positions of $element in $bits bits',
    ({ bits, hashes, element, positions }) => {
      expect(positionsOf(bytesOf(element), { bits, hashes })).toEqual(positions);
    },
  );

  it.each(vectors.names as { key: string; realm: string; name: string; element: string }[])(
    'B1: element of $name in "$realm"',
    ({ key, realm, name, element }) => {
      const hmac = (message: Uint8Array) => createHmac('sha256', bytesOf(key)).update(message).digest();
      expect(Buffer.from(elementOf({ realm, name }, hmac)).toString('hex')).toBe(element);
    },
  );

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)('are what bloom.py computes', () => {
    const script = fileURLToPath(new URL('../vectors/bloom.py', import.meta.url));
    const { status, stderr } = spawnSync('python3', [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('bytes of a filter and of a delta', () => {
    const { parameters, epoch, elements, removed, added, filter, delta, after } = vectors.filter;
    const origin = new CountingBloomFilter(parameters, epoch);
    for (const hex of elements) origin.add(bytesOf(hex));
    origin.takeDelta();
    expect(Buffer.from(encodeFilter(origin.snapshot())).toString('hex')).toBe(filter);
    origin.remove(bytesOf(removed));
    origin.add(bytesOf(added));
    expect(Buffer.from(encodeDelta(origin.takeDelta()!)).toString('hex')).toBe(delta);
    const moved = applyDelta(decodeFilter(bytesOf(filter)), decodeDelta(bytesOf(delta)));
    expect(Buffer.from(encodeFilter(moved)).toString('hex')).toBe(after);
  });
});

describe('deltas', () => {
  const command = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), name: fc.nat({ max: 30 }) }),
    fc.record({ kind: fc.constant('remove' as const), name: fc.nat({ max: 30 }) }),
    fc.record({ kind: fc.constant('publish' as const), name: fc.constant(0) }),
  );

  it('applied one by one give the snapshot, which holds every name and nothing that a fresh filter would not', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), fc.constantFrom(7, 61, 512), (commands, bits) => {
        const parameters = { bits, hashes: 4 };
        const origin = new CountingBloomFilter(parameters, 5);
        const names = new Map<number, number>();
        let follower = origin.snapshot();
        const publish = () => {
          const delta = origin.takeDelta();
          if (delta !== undefined) follower = applyDelta(follower, decodeDelta(encodeDelta(delta)));
          expect(encodeFilter(follower)).toEqual(encodeFilter(origin.snapshot()));
        };
        for (const { kind, name } of commands) {
          const count = names.get(name) ?? 0;
          if (kind === 'publish') publish();
          else if (kind === 'add') {
            names.set(name, count + 1);
            origin.add(element(name));
          } else if (count > 0) {
            names.set(name, count - 1);
            origin.remove(element(name));
          }
        }
        publish();
        const fresh = new CountingBloomFilter(parameters, 5);
        for (const [name, count] of names) {
          for (let time = 0; time < count; time++) fresh.add(element(name));
          if (count > 0) expect(follower.mayContain(element(name))).toBe(true);
        }
        fresh.takeDelta();
        expect(follower.bitmap()).toEqual(fresh.snapshot().bitmap());
      }),
    );
  });

  it('are none where a change was undone', () => {
    const origin = new CountingBloomFilter(small, 1);
    origin.add(element('a'));
    origin.remove(element('a'));
    expect(origin.takeDelta()).toBeUndefined();
    expect(origin.version).toBe(0);
  });

  it('that do not fit are refused and leave the filter alone', () => {
    const origin = new CountingBloomFilter(small, 3);
    origin.add(element('a'));
    const delta = origin.takeDelta()!;
    const empty = new CountingBloomFilter(small, 3).snapshot();
    const apply = (change: Partial<BloomDelta>) => codeOf(() => applyDelta(empty, { ...delta, ...change }));
    expect(apply({})).toBe('no error');
    expect(apply({ epoch: 4 })).toBe('epoch_mismatch');
    expect(apply({ baseVersion: 1, version: 2 })).toBe('version_gap');
    expect(apply({ version: 0 })).toBe('invalid_delta');
    expect(apply({ parameters: { bits: 61, hashes: 4 } })).toBe('parameters_mismatch');
    expect(apply({ set: [61] })).toBe('invalid_delta');
    expect(apply({ set: [2, 1] })).toBe('invalid_delta');
    expect(apply({ set: [1, 1] })).toBe('invalid_delta');
    expect(apply({ set: [], cleared: [1] })).toBe('invalid_delta');
    expect(apply({ set: [1], cleared: [1] })).not.toBe('invalid_parameters');
    expect(codeOf(() => applyDelta(applyDelta(empty, delta), delta))).toBe('version_gap');
    expect(encodeFilter(empty)).toEqual(encodeFilter(new CountingBloomFilter(small, 3).snapshot()));
  });

  it('of too many bits are refused: send the filter', () => {
    const origin = new CountingBloomFilter({ bits: 2 ** 20, hashes: 32 }, 1);
    for (let name = 0; name < 2_200; name++) origin.add(element(name));
    const delta = origin.takeDelta()!;
    expect(codeOf(() => encodeDelta(delta))).toBe('delta_too_large');
    expect(origin.snapshot().mayContain(element(0))).toBe(true);
  });
});

describe('elements', () => {
  it('B1: are not made of what would be ambiguous', () => {
    const hmac = (message: Uint8Array) => createHmac('sha256', 'k').update(message).digest();
    expect(codeOf(() => elementOf({ realm: 'a\0b', name: 'c' }, hmac))).toBe('invalid_element');
    expect(codeOf(() => elementOf({ realm: 'a', name: 'b' }, () => new Uint8Array(15)))).toBe(
      'invalid_element',
    );
  });
});

describe('the counting filter', () => {
  it('refuses to remove what was never added', () => {
    const origin = new CountingBloomFilter({ bits: 1_024, hashes: 5 }, 1);
    origin.add(element('a'));
    expect(codeOf(() => origin.remove(element('b')))).toBe('not_present');
    expect(codeOf(() => origin.remove(new Uint8Array(15)))).toBe('invalid_element');
    origin.takeDelta();
    expect(origin.snapshot().mayContain(element('a'))).toBe(true);
  });

  it('keeps a bit whose count overflowed', () => {
    const origin = new CountingBloomFilter({ bits: 64, hashes: 1 }, 1);
    for (let time = 0; time < 65_536; time++) origin.add(element('a'));
    for (let time = 0; time < 65_536; time++) origin.remove(element('a'));
    origin.takeDelta();
    expect(origin.snapshot().mayContain(element('a'))).toBe(true);
  });
});

describe('bytes', () => {
  const origin = new CountingBloomFilter(small, 7);
  origin.add(element('x'));
  const delta = origin.takeDelta()!;
  const filterBytes = encodeFilter(origin.snapshot());
  const deltaBytes = encodeDelta(delta);

  it('are as long as they claim', () => {
    for (let length = 0; length < filterBytes.length; length++)
      expect(codeOf(() => decodeFilter(filterBytes.subarray(0, length)))).toBe('truncated');
    for (let length = 0; length < deltaBytes.length; length++)
      expect(codeOf(() => decodeDelta(deltaBytes.subarray(0, length)))).toBe('truncated');
    expect(codeOf(() => decodeFilter(Uint8Array.of(...filterBytes, 0)))).toBe('invalid_format');
    expect(codeOf(() => decodeDelta(Uint8Array.of(...deltaBytes, 0)))).toBe('invalid_format');
  });

  it('that claim much are refused before memory is taken', () => {
    const claim = (bytes: Uint8Array, at: number) => bytes.with(at, 255).with(at + 1, 255);
    expect(codeOf(() => decodeFilter(claim(filterBytes, 2)))).toBe('invalid_parameters');
    expect(codeOf(() => decodeFilter(claim(filterBytes, 6)))).toBe('invalid_parameters');
    expect(codeOf(() => decodeDelta(claim(deltaBytes, 30)))).toBe('delta_too_large');
    expect(codeOf(() => decodeFilter(filterBytes.with(0, 2)))).toBe('invalid_format');
    expect(codeOf(() => decodeFilter(filterBytes.with(filterBytes.length - 1, 1)))).toBe('invalid_format');
  });

  it('give a value or a BloomError whatever was changed in them', () => {
    const change = fc.record({ at: fc.nat(), value: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.constantFrom(filterBytes, deltaBytes), fc.array(change), (valid, changes) => {
        const bytes = valid.slice();
        for (const { at, value } of changes) bytes[at % bytes.length] = value;
        for (const decode of [decodeFilter, decodeDelta]) codeOf(() => decode(bytes));
      }),
      { numRuns: runsOf(process.env, 2_000) },
    );
  });

  it('in a Buffer are copied: what happens to it later changes no filter, and no delta changes the filter before it', () => {
    const received = Buffer.concat([Buffer.alloc(3), filterBytes]);
    const filter = decodeFilter(received.subarray(3));
    const made = new BloomFilter({ parameters: small, epoch: 7, version: 1, bitmap: received.subarray(25) });
    received.fill(0);
    for (const one of [filter, made]) {
      expect(one.bitmap()).toEqual(origin.snapshot().bitmap());
      expect(one.fillRatio).toBe(origin.snapshot().fillRatio);
    }
    origin.add(element('y'));
    const before = decodeFilter(Buffer.from(filterBytes));
    applyDelta(before, origin.takeDelta()!);
    expect(before.bitmap()).toEqual(filter.bitmap());
  });

  it('a bitmap of another length is refused, also an empty one', () => {
    const parts = { parameters: small, epoch: 1, version: 1 };
    expect(codeOf(() => new BloomFilter({ ...parts, bitmap: new Uint8Array(0) }))).toBe('invalid_format');
    expect(codeOf(() => decodeFilter(new Uint8Array(0)))).toBe('truncated');
  });
});

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BloomError) return error.code;
    throw error;
  }
  return 'no error';
}
