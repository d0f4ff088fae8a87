import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEpmdResponse, EpmdError, type EpmdRequest, encodeEpmdRequest } from '../index.js';

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const port: EpmdRequest = { kind: 'port', name: 'bob' };
const alive: EpmdRequest = { kind: 'alive', name: 'bob', port: 4_433, isHidden: true };
const names: EpmdRequest = { kind: 'names' };

/** What epmd of OTP 25 answers; the node listened on port 41,234. */
const answers = {
  port: bytesOf('77 00 a112 4d 00 0006 0005 0003 626f62 0000'),
  noSuchNode: bytesOf('77 01'),
  alive: bytesOf('76 00 625a0007'),
  aliveOld: bytesOf('79 00 0003'),
  taken: bytesOf('76 01 00000000'),
  names: Uint8Array.of(0, 0, 17, 17, ...Buffer.from('name bob at port 41234\nname ann at port 1\n')),
};

describe('requests to EPMD', () => {
  it('are as erl_epmd makes them', () => {
    expect(hexOf(encodeEpmdRequest(port))).toBe(hexOf(bytesOf('0004 7a 626f62')));
    expect(hexOf(encodeEpmdRequest(names))).toBe('00016e');
    expect(hexOf(encodeEpmdRequest(alive))).toBe(
      hexOf(bytesOf('0010 78 1151 48 00 0006 0006 0003 626f62 0000')),
    );
  });

  it.each(['', 'a@b', 'a'.repeat(256)])('refuse the name %j', (name) => {
    expect(() => encodeEpmdRequest({ kind: 'port', name })).toThrow(
      expect.objectContaining({ code: 'invalid_name' }),
    );
  });
});

describe('answers of EPMD', () => {
  it.each([
    [
      'where a node listens',
      port,
      answers.port,
      { kind: 'port', port: 41_234, highestVersion: 6, lowestVersion: 5 },
    ],
    ['no such node', port, answers.noSuchNode, { kind: 'no_such_node' }],
    ['a registration', alive, answers.alive, { kind: 'registered', creation: 0x625a_0007 }],
    ['one of before OTP 23', alive, answers.aliveOld, { kind: 'registered', creation: 3 }],
    ['a name that is taken', alive, answers.taken, { kind: 'name_taken' }],
    [
      'names',
      names,
      answers.names,
      {
        kind: 'names',
        nodes: [
          { name: 'bob', port: 41_234 },
          { name: 'ann', port: 1 },
        ],
      },
    ],
  ] as const)('%s', (_, request, bytes, wanted) => {
    expect(decodeEpmdResponse(request, bytes, true)).toEqual(wanted);
  });

  it('are waited for until they are whole', () => {
    expect(decodeEpmdResponse(port, answers.port.subarray(0, 6), false)).toBeUndefined();
    expect(decodeEpmdResponse(names, answers.names, false)).toBeUndefined();
    expect(() => decodeEpmdResponse(port, answers.port.subarray(0, 6), true)).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    );
    expect(() => decodeEpmdResponse(port, Uint8Array.of(72, 84, 84, 80), false)).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  });

  it('mutated are answers or an EpmdError', () => {
    const some = fc.constantFrom(...Object.values(answers));
    fc.assert(
      fc.property(
        fc.constantFrom(port, alive, names),
        some,
        some,
        fc.uint8Array({ minLength: 1, maxLength: 16 }),
        fc.boolean(),
        (request, one, other, recipe, isComplete) => {
          try {
            decodeEpmdResponse(request, mutate(one, other, recipe), isComplete);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(EpmdError);
          }
        },
      ),
      { numRuns: runsOf(process.env, 2_000) },
    );
  });
});
