/**
 * Entry of the worker process that {@link createWorkerTransport} starts: QUIC here, frames over file descriptor 3.
 * It ends when the parent closes the pipe, or is gone.
 */
import net from 'node:net';
import { createQuicTransport, type QuicTransportOptions } from '../quic/quic-transport.js';
import { runBridge } from './bridge.js';

const options = JSON.parse(process.argv[2] ?? '{}') as QuicTransportOptions;
const pipe = new net.Socket({ fd: 3, readable: true, writable: true });
runBridge(pipe, createQuicTransport(options), () => process.exit(0));
