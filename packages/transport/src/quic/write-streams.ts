import type { WriteOutcome } from '../core/write-ring.js';
import { bulkQuantumBytes, packetsPerTurnMax, udpPayloadBytesMax } from '../limits.js';
import type { QuicConnection } from './quic-connection.js';
import type { QuicStream } from './quic-stream.js';
import { parseQuicheError } from './quiche-error.js';
import { shutdownRead } from './read-streams.js';

/** Bulk bytes handed over in one turn: what its packets can carry, so that nothing queues in front of control. */
const bulkBytesPerTurnMax: number = packetsPerTurnMax * (udpPayloadBytesMax - 50);
/** Blocked streams tried in one turn. */
const failuresPerTurnMax = 64;
/** Urgency in quiche: lower goes first. */
const urgencies = { control: 0, bulk: 127 } as const;

const scratch = Buffer.allocUnsafeSlow(bulkQuantumBytes);
const nothing = Buffer.alloc(0);

/** Hands waiting bytes over: control streams first, then bulk in turn. */
export function writeStreams(connection: QuicConnection): void {
  grantWaiting(connection);
  const { ring } = connection;
  if (!ring.isReady) return;
  let written = 0;
  ring.round(
    (stream) => {
      const before = stream.queue.bytes;
      const outcome = writeStream(connection, stream);
      written += before - Math.min(before, stream.queue.bytes);
      return connection.closed ? 'empty' : outcome;
    },
    () => written,
    { bytesMax: bulkBytesPerTurnMax, failuresMax: failuresPerTurnMax },
  );
  if (ring.isReady) connection.pump.schedule();
}

function writeStream(connection: QuicConnection, stream: QuicStream): WriteOutcome {
  if (!stream.hasOutput) return 'empty';
  if (stream.wireId === undefined && !assignWireId(connection, stream)) return 'waiting';
  const { native } = connection.pump;
  const wireId = stream.wireId!;
  const bytes = stream.queue.peek(bulkQuantumBytes, scratch);
  const isEnd = stream.endWanted && bytes.length === stream.queue.bytes;
  let count: number | null;
  try {
    count = native.streamSend(wireId, bytes, isEnd);
  } catch (thrown) {
    return handleWriteError(connection, stream, thrown);
  }
  if (count === null) return 'blocked';
  const isPartial = count < bytes.length;
  connection.pump.account.handleWritten(isEnd && !isPartial ? count + 1 : count);
  stream.sent(count);
  // A partial write drops the end; it is sent again with the rest.
  if (isEnd && !isPartial && !stream.closed) {
    stream.endSent();
    if (stream.closed) connection.forget(stream);
    return 'empty';
  }
  if (isPartial) return 'blocked';
  return stream.hasOutput ? 'more' : 'empty';
}

function handleWriteError(connection: QuicConnection, stream: QuicStream, thrown: unknown): WriteOutcome {
  const error = parseQuicheError(thrown);
  switch (error.name) {
    case 'StreamStopped':
      handlePeerReset(connection, stream, error.value);
      return 'empty';
    case 'StreamLimit':
      return 'blocked';
    default:
      // Forgotten by quiche: both directions were over.
      connection.forget(stream);
      stream.finish({ kind: 'reset', code: 0, local: false });
      return 'empty';
  }
}

/** Ids are given with the first bytes, in order: an id never used would cost the peer's grant for ever. */
function assignWireId(connection: QuicConnection, stream: QuicStream): boolean {
  const { native } = connection.pump;
  if (native.peerStreamsLeftBidi() === 0) {
    connection.awaitingGrant.add(stream);
    return false;
  }
  const wireId = connection.wireSequenceNext * 4 + (connection.role === 'dialer' ? 0 : 1);
  // Makes the stream in quiche, so that the count of streams left is right.
  native.streamSend(wireId, nothing, false);
  connection.wireSequenceNext++;
  stream.wireId = wireId;
  connection.streamsByWireId.set(wireId, stream);
  setWirePriority(connection, stream);
  return true;
}

function grantWaiting(connection: QuicConnection): void {
  const waiting = connection.awaitingGrant;
  if (waiting.size === 0) return;
  let left = connection.pump.native.peerStreamsLeftBidi();
  for (const stream of waiting) {
    if (left-- <= 0) return;
    waiting.delete(stream);
    connection.ring.add(stream);
  }
}

/** Tells quiche, so that control also overtakes what was handed over before. */
export function setWirePriority(connection: QuicConnection, stream: QuicStream): void {
  if (stream.wireId === undefined || stream.priority === stream.wirePriority) return;
  stream.wirePriority = stream.priority;
  try {
    connection.pump.native.streamPriority(stream.wireId, urgencies[stream.priority], true);
  } catch {
    // It is already forgotten.
  }
}

/** The peer reset the stream, or stopped reading it. */
export function handlePeerReset(connection: QuicConnection, stream: QuicStream, code: number): void {
  const { native, quiche, account } = connection.pump;
  account.handleDiscarded(stream.parkedSince, false);
  const wireId = stream.wireId!;
  shutdownRead(connection, wireId);
  try {
    native.streamShutdown(wireId, quiche.Shutdown.Write, code);
  } catch {
    // This direction is already over.
  }
  connection.forget(stream);
  stream.finish({ kind: 'reset', code, local: false });
}

/** The owner reset the stream: both directions carry the code. */
export function abortStream(connection: QuicConnection, stream: QuicStream, code: number): void {
  if (stream.wireId === undefined) return;
  const { native, quiche, account } = connection.pump;
  if (!stream.readEnded) account.handleDiscarded(stream.parkedSince, true);
  for (const direction of [quiche.Shutdown.Write, quiche.Shutdown.Read]) {
    try {
      native.streamShutdown(stream.wireId, direction, code);
    } catch {
      // This direction is already over.
    }
  }
}
