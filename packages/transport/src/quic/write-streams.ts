import type { WriteOutcome } from '../core/write-ring.js';
import { bulkQuantumBytes, packetsPerTurnMax, udpPayloadBytesMax } from '../limits.js';
import type { QuicConnection } from './quic-connection.js';
import type { QuicStream } from './quic-stream.js';
import { parseQuicheError } from './quiche-error.js';

/** Bulk bytes handed over in one turn: what its packets can carry, so that nothing queues in front of control. */
const bulkBytesPerTurnMax: number = packetsPerTurnMax * (udpPayloadBytesMax - 50);
/** Blocked streams tried in one turn. */
const failuresPerTurnMax = 64;
/** Urgency in quiche: lower goes first. */
const urgencies = { control: 0, bulk: 127 } as const;

const scratch = Buffer.allocUnsafeSlow(bulkQuantumBytes);
const nothing = Buffer.alloc(0);
/**
 * The last byte of every stream; it and the end (FIN) travel in one frame, and the reader takes it off. quiche 0.18 forgets a stream whose
 * bytes are all acknowledged, also when the frame that held nothing but the end is not: lost, it was never sent again.
 */
const endMark = Buffer.of(0);
/** The last byte of a stream that was reset: not an end; the notice tells the code. */
const resetMark = Buffer.of(1);

/** Hands waiting bytes over: control streams first, then bulk in turn. */
export function writeStreams(connection: QuicConnection): void {
  connection.resetNotices.write();
  if (connection.closed) return;
  writeEndsOwed(connection);
  grantWaiting(connection);
  const { ring } = connection;
  if (!ring.isReady) return;
  let written = 0;
  ring.round(
    (stream, bytesMax) => {
      const outcome = writeStream(connection, stream, bytesMax, (count) => {
        written += count;
      });
      return connection.closed ? 'empty' : outcome;
    },
    () => written,
    { bytesMax: bulkBytesPerTurnMax, failuresMax: failuresPerTurnMax },
  );
  if (ring.isReady) connection.pump.schedule();
}

function writeStream(
  connection: QuicConnection,
  stream: QuicStream,
  bytesMax: number,
  onWritten: (count: number) => void,
): WriteOutcome {
  if (!stream.hasOutput) return 'empty';
  if (stream.wireId === undefined && !assignWireId(connection, stream)) return 'waiting';
  const { native } = connection.pump;
  const wireId = stream.wireId!;
  const bytes = stream.queue.peek(Math.min(bytesMax, bulkQuantumBytes), scratch);
  try {
    if (bytes.length > 0) {
      const count = native.streamSend(wireId, bytes, false);
      if (count === null) return whyBlocked(connection);
      connection.pump.account.handleWritten(count);
      onWritten(count);
      stream.sent(count);
      if (count < bytes.length) return whyBlocked(connection);
    }
    if (stream.closed) return 'empty';
    if (stream.queue.bytes > 0 || !stream.endWanted) return stream.hasOutput ? 'more' : 'empty';
    if (native.streamSend(wireId, endMark, true) !== endMark.length) return 'blocked';
  } catch (thrown) {
    return handleWriteError(connection, stream, thrown);
  }
  connection.pump.account.handleWritten(endMark.length + 1);
  stream.endSent();
  if (stream.closed) connection.forget(stream);
  return 'empty';
}

/** Where only this stream's window is full the others go on; where no stream can, whose turn it is keeps it. */
function whyBlocked({ closed, resetNotices }: QuicConnection): WriteOutcome {
  return !closed && resetNotices.isConnectionFull ? 'exhausted' : 'blocked';
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

/** Whether what was read last, with the end, says that the stream was reset. */
export function isResetMark(bytes: Uint8Array, count: number): boolean {
  return count > 0 && bytes[count - 1] === resetMark[0];
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

/** The peer reset the stream, as its notice or quiche tells. */
export function handlePeerReset(connection: QuicConnection, stream: QuicStream, code: number): void {
  finishWire(connection, stream);
  connection.forget(stream);
  stream.finish({ kind: 'reset', code, local: false });
}

/** The owner reset the stream: the peer is told the code, and the wire's stream ends like any other. */
export function abortStream(connection: QuicConnection, stream: QuicStream, code: number): void {
  if (stream.wireId === undefined) return;
  connection.resetNotices.add(stream.wireId, code);
  finishWire(connection, stream);
}

/**
 * Ends this side of the wire's stream; what the peer still sends is discarded. RESET_STREAM and STOP_SENDING are not used: quiche 0.18 may never send
 * one again that was lost, and may send an ordinary end beside it.
 */
function finishWire(connection: QuicConnection, stream: QuicStream): void {
  if (stream.wireId === undefined) return;
  if (!stream.writeEnded) connection.endsOwed.add(stream.wireId);
  connection.readDue = true;
  connection.pump.schedule();
}

function writeEndsOwed(connection: QuicConnection): void {
  const { native, account } = connection.pump;
  const blocked: number[] = [];
  for (const wireId of connection.endsOwed) {
    if (blocked.length === failuresPerTurnMax) break;
    connection.endsOwed.delete(wireId);
    try {
      if (native.streamSend(wireId, resetMark, true) === resetMark.length)
        account.handleWritten(resetMark.length + 1);
      else blocked.push(wireId);
    } catch {
      // The peer has stopped reading it: it is over.
    }
  }
  // To the back, so that all have their turn.
  for (const wireId of blocked) connection.endsOwed.add(wireId);
}
