import type { QuicConnection } from './quic-connection.js';
import type { QuicStream } from './quic-stream.js';
import { parseQuicheError } from './quiche-error.js';
import { handlePeerReset } from './write-streams.js';

/** Bytes one connection reads in one turn; the rest waits for the next turn. */
const readBytesPerTurnMax = 1024 * 1024;
/** Bytes one stream reads before the next has its turn. */
const readQuantumBytes = 256 * 1024;
/** Paused streams looked at for a reset in one turn. */
const parkedChecksPerTurnMax = 16;

// One buffer for all: it is copied before anything else runs.
const scratch = Buffer.allocUnsafeSlow(64 * 1024);
const nothing = Buffer.alloc(0);

/** Delivers what has arrived on the connection's streams, and finds the streams the peer has opened or reset. */
export function readStreams(connection: QuicConnection): void {
  deliverEnds(connection);
  checkHalfClosed(connection);
  if (!connection.readDue) return;
  connection.readDue = false;
  const { pump } = connection;
  let bytesLeft = readBytesPerTurnMax;
  const parked: QuicStream[] = [];
  for (const wireId of pump.native.readable()) {
    if (connection.closed) return;
    const stream = connection.streamsByWireId.get(wireId) ?? findNew(connection, wireId);
    if (!stream) {
      discard(connection, wireId);
    } else if (!stream.isReading) {
      stream.parkedSince ??= pump.account.received;
      parked.push(stream);
    } else if (bytesLeft <= 0) {
      connection.readDue = true;
    } else {
      bytesLeft -= readStream(connection, stream, wireId);
    }
  }
  connection.parkedStreams = parked.length;
  checkParked(connection, parked);
  if (connection.readDue) pump.schedule();
}

function deliverEnds(connection: QuicConnection): void {
  for (const stream of connection.endsDue) {
    connection.endsDue.delete(stream);
    if (stream.isReading && stream.endPending) deliverEnd(connection, stream);
  }
}

function findNew(connection: QuicConnection, wireId: number): QuicStream | undefined {
  // Bit 0 tells who opened the stream, bit 1 that it is unidirectional (which we never grant).
  const isPeers = (wireId & 1) === (connection.role === 'dialer' ? 1 : 0);
  const sequence = Math.floor(wireId / 4);
  if (!isPeers || connection.seenPeerIds.has(sequence)) return undefined;
  connection.seenPeerIds.add(sequence);
  const stream = connection.acceptWireStream(wireId);
  connection.announce(stream);
  return stream;
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
    if (count > 0) stream.deliverData(copyOf(count));
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

/** Delivers the peer's end; afterwards only a stop can tell that the peer has reset the stream. */
function deliverEnd(connection: QuicConnection, stream: QuicStream): void {
  stream.endPending = false;
  stream.deliverEnd();
  if (stream.closed) connection.forget(stream);
  else connection.halfClosed.add(stream);
}

function handleReadError(connection: QuicConnection, stream: QuicStream, thrown: unknown): void {
  const error = parseQuicheError(thrown);
  if (error.name === 'StreamReset') handlePeerReset(connection, stream, error.value);
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
export function shutdownRead(connection: QuicConnection, wireId: number): void {
  const { native, quiche } = connection.pump;
  try {
    native.streamShutdown(wireId, quiche.Shutdown.Read, 0);
  } catch {
    // It is already forgotten.
  }
}

/** A paused stream must still learn of a reset: reading into nothing tells. */
function checkParked(connection: QuicConnection, parked: readonly QuicStream[]): void {
  if (parked.length === 0) return;
  const { native } = connection.pump;
  const checks = Math.min(parkedChecksPerTurnMax, parked.length);
  for (let check = 0; check < checks; check++) {
    const stream = parked[connection.parkedCursor++ % parked.length]!;
    if (stream.closed || stream.isReading || stream.wireId === undefined) continue;
    try {
      const result = native.streamRecv(stream.wireId, nothing);
      if (result?.[1]) stream.endPending = true;
    } catch (thrown) {
      handleReadError(connection, stream, thrown);
    }
  }
}

function checkHalfClosed(connection: QuicConnection): void {
  let checks = parkedChecksPerTurnMax;
  for (const stream of connection.halfClosed) {
    if (checks-- === 0) return;
    // To the back of the set, so that all have their turn.
    connection.halfClosed.delete(stream);
    if (stream.closed || stream.wireId === undefined) continue;
    connection.halfClosed.add(stream);
    try {
      connection.pump.native.streamCapacity(stream.wireId);
    } catch (thrown) {
      const error = parseQuicheError(thrown);
      if (error.name === 'StreamStopped') handlePeerReset(connection, stream, error.value);
    }
  }
}

function copyOf(count: number): Buffer {
  const copy = count < 2048 ? Buffer.allocUnsafe(count) : Buffer.allocUnsafeSlow(count);
  scratch.copy(copy, 0, 0, count);
  return copy;
}
