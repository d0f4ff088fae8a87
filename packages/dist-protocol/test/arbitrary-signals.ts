import fc from 'fast-check';
import type { Signal } from '../src/index.js';
import { anAtom, anyTerm, aPid, aReference } from './arbitrary-terms.js';

const token = fc.option(anyTerm, { nil: undefined });
const aName = fc.oneof(aPid, anAtom);
const id = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const oneOf = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds);

const traced: fc.Arbitrary<Signal> = fc
  .oneof(
    fc.record({
      kind: oneOf('send'),
      from: fc.option(aPid, { nil: undefined }),
      to: aPid,
      message: anyTerm,
      token,
    }),
    fc.record({ kind: oneOf('send_to_name'), from: aPid, to: anAtom, message: anyTerm, token }),
    fc.record({ kind: oneOf('send_to_alias'), from: aPid, to: aReference, message: anyTerm, token }),
    fc.record({ kind: oneOf('exit', 'exit2'), from: aPid, to: aPid, reason: anyTerm, token }),
    fc.record({
      kind: oneOf('spawn_request'),
      requestId: aReference,
      from: aPid,
      groupLeader: aPid,
      module: anAtom,
      functionName: anAtom,
      options: fc.array(anyTerm, { maxLength: 2 }),
      args: fc.array(anyTerm, { maxLength: 3 }),
      token,
    }),
    fc.record({
      kind: oneOf('spawn_reply'),
      requestId: aReference,
      to: aPid,
      isLinked: fc.boolean(),
      isMonitored: fc.boolean(),
      result: aName,
      token,
    }),
  )
  .map((signal) => {
    const { token: maybe, ...rest } = signal;
    return (maybe === undefined ? rest : signal) as Signal;
  });

/** Any signal of any kind. */
export const anySignal: fc.Arbitrary<Signal> = fc.oneof(
  traced,
  fc.record({ kind: oneOf('link', 'group_leader'), from: aPid, to: aPid }),
  fc.record({ kind: oneOf('unlink'), id: fc.oneof(id, fc.constant(0n)), from: aPid, to: aPid }),
  fc.record({ kind: oneOf('unlink_ack'), id, from: aPid, to: aPid }),
  fc.record({ kind: oneOf('monitor', 'demonitor'), from: aPid, to: aName, reference: aReference }),
  fc.record({ kind: oneOf('monitor_exit'), from: aName, to: aPid, reference: aReference, reason: anyTerm }),
);
