/**
 * What the two ends of a TLS connection say to each other (ALPN `macula/1`), after the handshake, both ways.
 *
 * ```text
 *   u8 type | u24 length of the payload | u32 stream | payload        (big endian)
 *
 *   1 data     1 to 65,536 bytes           needs credit: 1 MiB per stream and direction at first
 *   2 open     nothing                     the first word about a stream
 *   3 end      nothing                     no more data from this side
 *   4 reset    u64 code                    the stream is over, both directions
 *   5 credit   u32 bytes                   so many bytes were consumed
 *   6 streams  u32 count, stream 0         so many of the peer's streams are over: it may open as many again
 *   7 ping     u32 token, stream 0         answered at once
 *   8 pong     u32 token, stream 0         of the last ping
 *   9 close    u64 code, reason, stream 0  the last word; the reason is at most 1,024 bytes of UTF-8
 * ```
 *
 * The dialer's first frame is a ping: it says that the certificate was accepted. The dialer names its streams with even
 * numbers, the listener with odd ones. A word about a stream that is over is late and means nothing.
 */
export const FrameType = {
  data: 1,
  open: 2,
  end: 3,
  reset: 4,
  credit: 5,
  streams: 6,
  ping: 7,
  pong: 8,
  close: 9,
} as const;

/** One of {@link FrameType}. */
export type FrameTypeCode = (typeof FrameType)[keyof typeof FrameType];

/** Bytes of type, length and stream. */
export const headerBytes = 8;
/** Largest payload of a data frame. */
export const dataBytesMax = 65_536;
/** Longest reason of a close frame, bytes of UTF-8. */
export const reasonBytesMax = 1024;

/** A frame as it was read. */
export type Frame =
  /** A part of a data frame, as far as it has come. */
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: 'open' | 'end'; readonly stream: number }
  | { readonly kind: 'reset'; readonly stream: number; readonly code: number }
  | { readonly kind: 'credit'; readonly stream: number; readonly bytes: number }
  | { readonly kind: 'streams'; readonly count: number }
  | { readonly kind: 'ping' | 'pong'; readonly token: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };
