import { atom, binary, Float, Pid, Reference, type Term, TermMap, tuple } from '@macula/dist-protocol';

/** Terms of one kind; one encoding or decoding of a mix is that of all its terms, each on its own. */
export interface EtfMix {
  readonly name: EtfMixName;
  readonly what: string;
  readonly terms: readonly Term[];
}

/** The mixes, in the order of the report. */
export const etfMixNames = ['calls', 'messages', 'document', 'rows'] as const;
export type EtfMixName = (typeof etfMixNames)[number];

/**
 * - `calls`: fifteen messages to and from a `gen_server`: calls with the caller's pid and reference, replies, casts.
 *   Only what has pids and references can take part.
 * - `messages`: fifteen tuples of atoms, small integers and short binaries, as processes send them to each other.
 * - `document`: one nested map with binary keys, as a JSON document becomes. Whoever turns binaries into text and maps into
 *   objects reads and writes it too.
 * - `rows`: one list of 1,000 rows, each a list of an integer, a name, two floats, a time, a flag and a text: the result of a query.
 */
export function etfMixes(): EtfMix[] {
  return [
    { name: 'calls', what: '15 gen_server messages with pids and references', terms: calls() },
    { name: 'messages', what: '15 small tuples of atoms, integers and binaries', terms: messages() },
    { name: 'document', what: 'one nested map with binary keys', terms: [termOf(document)] },
    { name: 'rows', what: 'a list of 1,000 rows with floats and binaries', terms: [termOf(rows())] },
  ];
}

function calls(): Term[] {
  const node = atom('alice@host1');
  return Array.from({ length: 5 }, (_, index) => {
    const pid = new Pid({ node, id: 90 + index, serial: 0, creation: 1_700_000_000 });
    const reference = new Reference({
      node,
      words: [262_145 + index, 3_201_499_137, 77],
      creation: 1_700_000_000,
    });
    return [
      tuple(atom('$gen_call'), tuple(pid, reference), tuple(atom('get'), binary(`user:${index}`), 5_000)),
      tuple(reference, tuple(atom('ok'), tuple(atom('user'), index, binary('Alice'), atom('active')))),
      tuple(atom('$gen_cast'), tuple(atom('put'), atom('counter'), index, 70_000 + index)),
    ];
  }).flat();
}

function messages(): Term[] {
  return Array.from({ length: 5 }, (_, index) => [
    tuple(atom('get'), binary(`user:${index}`), 5_000),
    tuple(atom('ok'), tuple(atom('user'), index, binary('Alice'), atom('active'))),
    tuple(atom('$gen_cast'), tuple(atom('put'), atom('counter'), index, 70_000 + index)),
  ]).flat();
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Numbers with a fraction only where a float is meant: in plain JavaScript nothing else tells them apart. */
const document: Json = {
  id: 123_456,
  name: 'Alice Example',
  email: 'alice@example.com',
  active: true,
  score: 98.5,
  tags: ['admin', 'user', 'beta'],
  address: { street: 'Main Street 1', city: 'Ghent', zip: '9000', location: { lat: 51.05, lon: 3.72 } },
  history: [
    { at: 1_700_000_000, event: 'login' },
    { at: 1_700_000_500, event: 'logout' },
  ],
  nothing: null,
};

function rows(): Json[] {
  return Array.from({ length: 1_000 }, (_, index) => [
    index,
    `sensor-${index}`,
    20 + (index % 97) / 100 + 0.001,
    (index * 7_919) / 1_024 + 0.0001,
    1_700_000_000 + index,
    index % 2 === 0,
    `payload ${'x'.repeat(index % 40)}`,
  ]);
}

function termOf(value: Json): Term {
  if (value === null) return atom('nil');
  if (typeof value === 'boolean') return atom(String(value));
  if (typeof value === 'string') return binary(value);
  if (typeof value === 'number') return Number.isInteger(value) ? value : new Float(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(termOf);
  return new TermMap(Object.entries(value).map(([key, entry]) => [binary(key), termOf(entry)] as const));
}
