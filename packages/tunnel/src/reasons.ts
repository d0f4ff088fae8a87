import { type WireCode, wireCodes } from '@macula/wire';

/** Name of a reason; {@link endReasons} says what each means. */
export type EndReason = WireCode | TunnelReason;

/** Reasons that only END records carry. */
export type TunnelReason =
  | 'bad_tag'
  | 'bad_length'
  | 'bad_type'
  | 'bad_record'
  | 'unexpected_record'
  | 'offset_violation'
  | 'offset_limit'
  | 'no_progress'
  | 'window_over';

/**
 * Why a tunnel ended. The numbers travel in END records and are never reused: below 256 they are those of
 * `@macula/wire`, from 256 on they belong to tunnels.
 */
export const endReasons: Readonly<Record<EndReason, { readonly number: number; readonly sentence: string }>> =
  {
    ...wireCodes,
    bad_tag: { number: 256, sentence: 'a record was changed, replayed, reordered or dropped on the way' },
    bad_length: { number: 257, sentence: 'a record claimed a length out of bounds' },
    bad_type: {
      number: 258,
      sentence: 'a record had a type this version does not know; update the older side',
    },
    bad_record: { number: 259, sentence: 'a record was malformed' },
    unexpected_record: { number: 260, sentence: 'a record came that was not allowed at this point' },
    offset_violation: { number: 261, sentence: 'a record named an offset it may not' },
    offset_limit: { number: 262, sentence: 'the tunnel has carried all the bytes it can; connect again' },
    no_progress: { number: 263, sentence: 'the tunnel was attached again and again without progress' },
    window_over: {
      number: 264,
      sentence: 'no way to the other node was found within the time that a connection may be resumed in',
    },
  };

/** Codes a tunnel resets its path with or refuses an OPEN with: names of `@macula/wire`'s table. */
export type PathCode =
  | 'ok'
  | 'protocol_error'
  | 'version_unsupported'
  | 'timeout'
  | 'refused'
  | 'decrypt_failed'
  | 'tunnel_error'
  | 'superseded'
  | 'unknown_tunnel';

const reasonByNumber = new Map<number, EndReason>(
  Object.entries(endReasons).map(([name, { number }]) => [number, name as EndReason]),
);

/**
 * The number of a reason in an END record.
 *
 * @param reason - the name.
 */
export function reasonNumber(reason: EndReason): number {
  return endReasons[reason].number;
}

/**
 * The reason of a number in an END record; an unknown one (from a newer peer) is `tunnel_error`.
 *
 * @param number - 0 to 65,535.
 */
export function reasonFromNumber(number: number): EndReason {
  return reasonByNumber.get(number) ?? 'tunnel_error';
}

/**
 * The reason a path's close code stands for, before anything on the path could be trusted; `ok`, and a name this
 * version does not know, are `relay_lost`: no path ends in good order before its tunnel stands.
 *
 * @param code - a name of `@macula/wire`'s table.
 */
export function reasonFromPathCode(code: string): EndReason {
  return code !== 'ok' && Object.hasOwn(endReasons, code) && endReasons[code as EndReason].number < 256
    ? (code as EndReason)
    : 'relay_lost';
}

/**
 * What a person should read: cause and remedy.
 *
 * @param reason - the name.
 */
export function reasonSentence(reason: EndReason): string {
  return endReasons[reason].sentence;
}
