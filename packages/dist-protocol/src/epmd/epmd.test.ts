import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEpmdRequest,
  decodeEpmdResponse,
  EpmdError,
  type EpmdRequest,
  type EpmdResponse,
  encodeEpmdRequest,
  encodeEpmdResponse,
} from '../index.js';

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

  it.each(['', 'a@b', 'a'.repeat(256), 'a b', 'a\n'])('refuse the name %j', (name) => {
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
      { kind: 'port', port: 41_234, isHidden: false, highestVersion: 6, lowestVersion: 5 },
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
        epmdPort: 4_369,
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

/** What a node may ask, and an answer to it. */
const conversations = (() => {
  const name = fc.stringMatching(/^[a-z0-9_\u00e9-]{1,40}$/);
  const port = fc.integer({ min: 0, max: 65_535 });
  const version = fc.integer({ min: 0, max: 65_535 });
  const creation = fc.integer({ min: 0, max: 0xffff_ffff });
  const registration = fc
    .record({ name, port, isHidden: fc.boolean(), highestVersion: version, lowestVersion: version })
    .map((fields) => ({ kind: 'alive', ...fields }) as const);
  const registered = fc.record({ kind: fc.constant('registered' as const), creation });
  const listening = fc
    .record({ port, isHidden: fc.boolean(), highestVersion: version, lowestVersion: version })
    .map((fields) => ({ kind: 'port', ...fields }) as const);
  const all = fc
    .record({ epmdPort: port, nodes: fc.array(fc.record({ name, port }), { maxLength: 5 }) })
    .map((fields) => ({ kind: 'names', ...fields }) as const);
  return fc.oneof(
    fc.tuple(registration, fc.oneof(registered, fc.constant({ kind: 'name_taken' } as const))),
    fc.tuple(
      name.map((one) => ({ kind: 'port', name: one }) as const),
      fc.oneof(listening, fc.constant({ kind: 'no_such_node' } as const)),
    ),
    fc.tuple(fc.constant({ kind: 'names' } as const), all),
  ) satisfies fc.Arbitrary<[EpmdRequest, EpmdResponse]>;
})();

describe('who answers in the place of EPMD', () => {
  it('reads every question, and is understood', () => {
    fc.assert(
      fc.property(conversations, ([request, response]) => {
        expect(decodeEpmdRequest(encodeEpmdRequest(request), false)).toEqual(request);
        const isOld = request.kind === 'alive' && (request.highestVersion ?? 6) < 6;
        const wanted =
          response.kind === 'registered' && isOld
            ? { ...response, creation: response.creation & 0xffff }
            : response;
        expect(decodeEpmdResponse(request, encodeEpmdResponse(request, response), true)).toEqual(wanted);
      }),
      { numRuns: runsOf(process.env, 500) },
    );
  });

  it('says what EPMD says, byte for byte', () => {
    const bob = { port: 41_234, isHidden: false, highestVersion: 6, lowestVersion: 5 };
    const nodes = [
      { name: 'bob', port: 41_234 },
      { name: 'ann', port: 1 },
    ];
    const old = { ...alive, highestVersion: 5 } as const;
    expect(encodeEpmdResponse(port, { kind: 'port', ...bob })).toEqual(answers.port);
    expect(encodeEpmdResponse(port, { kind: 'no_such_node' })).toEqual(answers.noSuchNode);
    expect(encodeEpmdResponse(alive, { kind: 'registered', creation: 0x625a_0007 })).toEqual(answers.alive);
    expect(encodeEpmdResponse(old, { kind: 'registered', creation: 3 })).toEqual(answers.aliveOld);
    expect(encodeEpmdResponse(alive, { kind: 'name_taken' })).toEqual(answers.taken);
    expect(encodeEpmdResponse(names, { kind: 'names', epmdPort: 4_369, nodes })).toEqual(answers.names);
  });

  it('waits until a question is whole, and bears a byte 0 behind a name', () => {
    const bytes = encodeEpmdRequest(alive);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeEpmdRequest(bytes.subarray(0, length), false)).toBeUndefined();
      expect(() => decodeEpmdRequest(bytes.subarray(0, length), true)).toThrow(
        expect.objectContaining({ code: 'truncated' }),
      );
    }
    expect(decodeEpmdRequest(bytesOf('0005 7a 626f62 00'), false)).toEqual(port);
  });

  it.each([
    ['a long question', bytesOf('0401'), 'too_long'],
    ['an empty one', bytesOf('0000'), 'malformed'],
    ['to be killed', bytesOf('0001 6b'), 'malformed'],
    ['a name with a line in it', bytesOf('0004 7a 620a62'), 'malformed'],
    ['a name that is not UTF-8', bytesOf('0003 7a 62ff'), 'malformed'],
    ['a registration without its end', bytesOf('000f 78 1151 48 00 0006 0006 0003 626f62 00'), 'malformed'],
    ['more behind it than there is', bytesOf('0010 78 1151 48 00 0006 0006 0003 626f62 0001'), 'malformed'],
  ])('refuses %s', (_, bytes, code) => {
    expect(() => decodeEpmdRequest(bytes, false)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    [() => encodeEpmdRequest({ ...alive, port: 65_536 } as EpmdRequest), 'invalid_port'],
    [() => encodeEpmdResponse(names, { kind: 'no_such_node' }), 'malformed'],
    [
      () => encodeEpmdResponse(names, { kind: 'names', epmdPort: 1, nodes: [{ name: 'a b', port: 1 }] }),
      'invalid_name',
    ],
  ] as const)('does not say what can not be said', (say, code) => {
    expect(say).toThrow(expect.objectContaining({ code }));
  });

  it('takes mutated questions for questions, or an EpmdError', () => {
    const some = fc.constantFrom(...[alive, port, names].map((one) => encodeEpmdRequest(one)));
    fc.assert(
      fc.property(
        some,
        some,
        fc.uint8Array({ minLength: 1, maxLength: 16 }),
        fc.boolean(),
        (one, other, recipe, isComplete) => {
          try {
            const request = decodeEpmdRequest(mutate(one, other, recipe), isComplete);
            if (request !== undefined)
              expect(decodeEpmdRequest(encodeEpmdRequest(request), true)).toEqual(request);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(EpmdError);
          }
        },
      ),
      { numRuns: runsOf(process.env, 2_000) },
    );
  });
});
