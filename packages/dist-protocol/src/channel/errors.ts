/**
 * Why a connection between two nodes can't go on, or a signal could not be sent.
 *
 * | code | at fault | meaning |
 * |---|---|---|
 * | `malformed_packet` | peer | a packet that begins with none of the known headers |
 * | `malformed_header` | peer | a distribution header that contradicts itself, or names an atom that the cache does not hold |
 * | `malformed_fragment` | peer | a fragment that continues nothing, or comes out of turn |
 * | `malformed_control` | peer | a control message with an unknown number, or with parts of another type |
 * | `packet_too_large` | peer | a packet longer than the limit |
 * | `message_too_large` | peer | fragments of one or of all unfinished messages that hold more than the limit |
 * | `tick_timeout` | peer | no byte within `net_ticktime` |
 * | `failed_before` | caller | the channel has failed already; nothing was sent |
 *
 * With each of the peer's codes the connection must be closed: what follows can't be told apart from garbage. The state of
 * the channel is `failed` from then on.
 */
export type ChannelErrorCode =
  | 'malformed_packet'
  | 'malformed_header'
  | 'malformed_fragment'
  | 'malformed_control'
  | 'packet_too_large'
  | 'message_too_large'
  | 'tick_timeout'
  | 'failed_before';

/** The error of {@link DistChannel}. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';

  constructor(
    /** What happened; see {@link ChannelErrorCode}. */
    readonly code: ChannelErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
