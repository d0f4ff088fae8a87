import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anAtom, anyTerm, aReference } from '../../test/arbitrary-terms.js';
import {
  atom,
  decodeErpcOutcome,
  decodeErpcRequest,
  type ErpcOutcome,
  encodeErpcOutcome,
  encodeErpcRequest,
  formatTerm,
  Reference,
  type Term,
  tuple,
} from '../index.js';

const result = new Reference({ node: atom('a@h'), creation: 1, words: [1, 2, 3] });
const aCall = fc.record({ module: anAtom, functionName: anAtom, args: fc.array(anyTerm, { maxLength: 3 }) });

describe('a request of erpc', () => {
  it('is what erpc of OTP sends, and read again', () => {
    const call = { module: atom('lists'), functionName: atom('seq'), args: [1, 3] };
    const asked = encodeErpcRequest({ kind: 'call', result, call });
    expect(`${asked.module}:${asked.functionName}${formatTerm(asked.args)}`).toBe(
      `erpc:execute_call[${formatTerm(result)},lists,seq,[1,3]]`,
    );
    fc.assert(
      fc.property(aCall, fc.boolean(), (one, isCall) => {
        const request = isCall
          ? ({ kind: 'call', result, call: one } as const)
          : ({ kind: 'cast', call: one } as const);
        expect(decodeErpcRequest(encodeErpcRequest(request))).toEqual(request);
      }),
    );
  });

  it('is nothing else', () => {
    fc.assert(
      fc.property(
        aCall,
        fc.constantFrom('erpc', 'os'),
        fc.constantFrom('execute_call', 'execute_cast', 'cmd'),
        (call, module, name) => {
          const asked = { ...call, module: atom(module), functionName: atom(name) };
          const read = decodeErpcRequest(asked);
          if (read !== undefined) expect(encodeErpcRequest(read)).toEqual(asked);
          if (module === 'os' || name === 'cmd') expect(read).toBeUndefined();
        },
      ),
      { numRuns: runsOf(process.env, 500) },
    );
  });
});

describe('an outcome of erpc', () => {
  it('is its exit reason, and read again', () => {
    const outcome: fc.Arbitrary<ErpcOutcome> = fc.oneof(
      fc.record({ kind: fc.constantFrom('returned', 'thrown'), value: anyTerm }),
      fc.record({ kind: fc.constantFrom('exited', 'refused'), reason: anyTerm }),
      fc.record({ kind: fc.constant('failed' as const), reason: anyTerm, stacktrace: anyTerm }),
    );
    fc.assert(
      fc.property(outcome, (one) => {
        expect(decodeErpcOutcome(result, encodeErpcOutcome(result, one))).toEqual(one);
      }),
      { numRuns: runsOf(process.env, 300) },
    );
  });

  it('is that the process was ended, for every reason that is none of these', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyTerm,
          fc.tuple(aReference, anyTerm, anyTerm).map((parts) => tuple(...parts)),
        ),
        (reason: Term) => {
          expect(decodeErpcOutcome(result, reason)).toEqual({ kind: 'ended', reason });
        },
      ),
      { numRuns: runsOf(process.env, 300) },
    );
    const reason = tuple(result, atom('error'), atom('no erpc'));
    expect(decodeErpcOutcome(result, reason)).toEqual({ kind: 'ended', reason });
  });
});
