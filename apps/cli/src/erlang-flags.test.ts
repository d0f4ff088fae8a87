import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flagValue,
  joinErlangFlags,
  mentionsFlag,
  splitErlangFlags,
  withoutComments,
} from './erlang-flags.js';

describe('splitErlangFlags', () => {
  it('reads words as erlexec does', () => {
    expect(splitErlangFlags(' -foo "a b/c"  -pa \'/x y\' ')).toEqual(['-foo', 'a b/c', '-pa', '/x y']);
    expect(splitErlangFlags('-pa /a\\ b\\"c')).toEqual(['-pa', '/a b"c']);
    expect(splitErlangFlags('"" x')).toEqual(['', 'x']);
    expect(splitErlangFlags('  \n\t')).toEqual([]);
  });

  it('reads back whatever joinErlangFlags writes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20 })), (words) => {
        expect(splitErlangFlags(joinErlangFlags(words))).toEqual(words);
      }),
    );
  });
});

describe('mentionsFlag', () => {
  it('finds a flag as an argument and inside a nested command line', () => {
    expect(mentionsFlag(['erl', '-proto_dist', 'macula'], '-proto_dist')).toBe(true);
    expect(mentionsFlag(['sh', '-c', 'exec erl -proto_dist macula'], '-proto_dist')).toBe(true);
    expect(mentionsFlag(['iex', '--erl', '-kernel net_ticktime 60'], 'net_ticktime')).toBe(true);
    expect(mentionsFlag(['erl', '-proto_distance'], '-proto_dist')).toBe(false);
    expect(mentionsFlag(['erl', '-pa', '/x/-proto_dist.d'], '-proto_dist')).toBe(false);
  });
});

describe('flagValue', () => {
  it('gives the word after the flag', () => {
    expect(flagValue(['erl', '-proto_dist', 'inet_tls'], '-proto_dist')).toBe('inet_tls');
    expect(flagValue(['erl'], '-proto_dist')).toBeUndefined();
  });
});

describe('withoutComments', () => {
  it('drops comments, not words that contain #', () => {
    expect(withoutComments('# a\n-x y # z\n-setcookie a#b')).toBe('\n-x y\n-setcookie a#b');
  });
});
