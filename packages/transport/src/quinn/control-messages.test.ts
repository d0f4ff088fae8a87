import { describe, expect, test } from 'vitest';
import { patternBytes } from '../compliance/tools.js';
import { TransportError } from '../errors.js';
import { codeMax } from '../limits.js';
import { type ControlMessage, ControlReader, encodeControl, hello } from './control-messages.js';

const vectors: readonly { readonly message: ControlMessage; readonly hex: string }[] = [
  { message: { kind: 'open' }, hex: '03' },
  // kind, opener, index 5, code 42
  {
    message: { kind: 'reset', opener: 'listener', index: 5, code: 42 },
    hex: '01 01 000000000005 00000000002a',
  },
  {
    message: { kind: 'reset', opener: 'dialer', index: 2 ** 40, code: 0 },
    hex: '01 00 010000000000 000000000000',
  },
  // kind, code 7, length 3, "bye"
  { message: { kind: 'close', code: 7, reason: 'bye' }, hex: '02 000000000007 0003 627965' },
  { message: { kind: 'close', code: codeMax, reason: '' }, hex: '02 ffffffffffff 0000' },
];

function reader(): ControlReader {
  const fresh = new ControlReader();
  fresh.push(hello);
  return fresh;
}

describe('control messages', () => {
  test.each(vectors)('$hex', ({ message, hex }) => {
    const bytes = encodeControl(message);
    expect(bytes.toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(reader().push(bytes)).toEqual([message]);
  });

  test('however it is cut', () => {
    const bytes = Buffer.concat([hello, ...vectors.map(({ message }) => encodeControl(message))]);
    for (let step = 1; step <= bytes.length; step++) {
      const cut = new ControlReader();
      const messages: ControlMessage[] = [];
      for (let at = 0; at < bytes.length; at += step)
        messages.push(...cut.push(bytes.subarray(at, at + step)));
      expect(messages).toEqual(vectors.map(({ message }) => message));
    }
  });

  test('too long reasons are cut', () => {
    const bytes = encodeControl({ kind: 'close', code: codeMax, reason: 'x'.repeat(5000) });
    expect(reader().push(bytes)).toEqual([{ kind: 'close', code: codeMax, reason: 'x'.repeat(1024) }]);
  });

  test('another protocol is noticed at its first byte', () => {
    expect(() => new ControlReader().push(Buffer.from('/'))).toThrowError(
      expect.objectContaining({ code: 'protocol_violation' }),
    );
  });

  test('mutated messages end in nothing but protocol_violation', () => {
    const whole = Buffer.concat(vectors.map(({ message }) => encodeControl(message)));
    const random = patternBytes(20_000, 1);
    for (let at = 0; at + 2 < random.length; at += 2) {
      const bytes = Buffer.from(whole);
      bytes[random[at]! % bytes.length] = random[at + 1]!;
      try {
        reader().push(bytes);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(TransportError);
        expect(thrown).toMatchObject({ code: 'protocol_violation' });
      }
    }
  });
});
