import type { QuicConnection } from './quic-connection.js';
import type { QuicStream } from './quic-stream.js';
import { parseQuicheError } from './quiche-error.js';
import { handlePeerReset, isResetMark } from './write-streams.js';

/** Bytes one connection reads in one turn; the rest waits for the next turn. */
const readBytesPerTurnMax = 1024 * 1024;
/** Bytes one stream reads before the next has its turn. */
const readQuantumBytes = 256 * 1024;

// One buffer for all: it is copied before anything else runs.
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Delivers what has arrived on the connection's streams, and finds the streams the peer has opened or reset. */
export function readStreams(connection: QuicConnection): void {
  deliverEnds(connection);
  if (!connection.readDue) return;
  connection.readDue = false;
  const { pump } = connection;
  let bytesLeft = readBytesPerTurnMax;
  for (const wireId of pump.native.readable()) {
    if (connection.closed) return;
    if (connection.resetNotices.isFor(wireId)) {
      connection.resetNotices.read(wireId);
      continue;
    }
    const stream = connection.streamsByWireId.get(wireId) ?? findNew(connection, wireId);
    if (!stream) {
      discard(connection, wireId);
    } else if (!stream.isReading) {
      stream.parkedSince ??= pump.account.received;
    } else if (bytesLeft <= 0) {
      connection.readDue = true;
    } else {
      bytesLeft -= readStream(connection, stream, wireId);
    }
  }
  if (connection.readDue) pump.schedule();
}

function deliverEnds(connection: QuicConnection): void {
  for (const stream of connection.endsDue) {
    connection.endsDue.delete(stream);
    if (stream.isReading && stream.endPending) deliverEnd(connection, stream);
  }
}

function findNew(connection: QuicConnection, wireId: number): QuicStream | undefined {
  if (!connection.isUnseen(wireId)) return undefined;
  connection.seenPeerIds.add(Math.floor(wireId / 4));
  const stream = connection.acceptWireStream(wireId);
  connection.announce(stream);
  connection.resetNotices.handleNewStream(stream);
  return stream.closed ? undefined : stream;
}

function readStream(connection: QuicConnection, stream: QuicStream, wireId: number): number {
  const { native, account } = connection.pump;
  stream.parkedSince = undefined;
  let total = 0;
  while (stream.isReading) {
    if (total >= readQuantumBytes) {
      connection.readDue = true;
      break;
    }
    let result: [number, boolean] | null;
    try {
      result = native.streamRecv(wireId, scratch);
    } catch (thrown) {
      handleReadError(connection, stream, thrown);
      break;
    }
    if (result === null) break;
    const [count, isEnd] = result;
    total += count;
    account.handleRead(isEnd ? count + 1 : count);
    // The last byte only carries the end.
    const dataCount = isEnd ? count - 1 : count;
    const isReset = isEnd && isResetMark(scratch, count);
    if (dataCount > 0) stream.deliverData(copyOf(dataCount));
    if (isReset) {
      if (!stream.closed) connection.resetNotices.await(stream);
      break;
    }
    if (isEnd) {
      // Paused or reset by that very onData: the end is delivered when it reads again.
      if (stream.isReading) deliverEnd(connection, stream);
      else stream.endPending = !stream.closed;
      break;
    }
    // A short read has emptied the stream; asking again would cost a call.
    if (count < scratch.length) break;
  }
  return total;
}

function deliverEnd(connection: QuicConnection, stream: QuicStream): void {
  stream.endPending = false;
  stream.deliverEnd();
  if (stream.closed) connection.forget(stream);
}

function handleReadError(connection: QuicConnection, stream: QuicStream, thrown: unknown): void {
  const error = parseQuicheError(thrown);
  if (error.name !== 'StreamReset') return;
  connection.pump.account.handleDiscarded(stream.parkedSince);
  shutdownRead(connection, stream.wireId!);
  // Not our way to reset; should it be the peer's only for one direction, it learns that both are over.
  connection.resetNotices.add(stream.wireId!, error.value);
  handlePeerReset(connection, stream, error.value);
}

/** Clears what is left of a stream that is over here. */
function discard(connection: QuicConnection, wireId: number): void {
  const { native, account } = connection.pump;
  try {
    for (let result = native.streamRecv(wireId, scratch); result !== null && result[0] > 0; ) {
      account.handleRead(result[0]);
      result = native.streamRecv(wireId, scratch);
    }
  } catch {
    shutdownRead(connection, wireId);
  }
}

/** Without this quiche 0.18 never forgets a stream that its peer has reset, and the peer's grant is lost. */
function shutdownRead(connection: QuicConnection, wireId: number): void {
  const { native, quiche } = connection.pump;
  try {
    native.streamShutdown(wireId, quiche.Shutdown.Read, 0);
  } catch {
    // It is already forgotten.
  }
}

function copyOf(count: number): Buffer {
  const copy = count < 2048 ? Buffer.allocUnsafe(count) : Buffer.allocUnsafeSlow(count);
  scratch.copy(copy, 0, 0, count);
  return copy;
}
