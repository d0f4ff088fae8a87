import type { Identity } from '@macula/crypto';
import type { Connection } from '@macula/transport';
import {
  codeNumber,
  codeSentence,
  type Hello,
  HelloListener,
  type Message,
  type WireCode,
  WireError,
} from '@macula/wire';
import { ControlChannel } from './control-channel.js';

/** What accepting a connection needs. */
export interface AcceptHelloOptions {
  readonly identity: Identity;
  /** 16 bytes, random at process start. */
  readonly bootId: Uint8Array;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** Milliseconds until `hello_timeout`. */
  readonly timeoutMs: number;
  /** The dialer has proven its HELLO; connection and channel belong to the callee now. */
  onProven(hello: Hello, channel: ControlChannel): void;
  /** The dialer was turned away, or left; the connection is being closed. */
  onFailed(code: WireCode, why: string): void;
}

/**
 * The listener's side of HELLO on a fresh connection. Until it is proven the dialer has one stream, `helloBytesMax` bytes
 * and `timeoutMs`; anything else ends the connection with a code.
 */
export function acceptHello(connection: Connection, options: AcceptHelloOptions): void {
  const listener = new HelloListener({
    identity: options.identity,
    bootId: options.bootId,
    nonce: options.nonce,
    certificateSha256: connection.certificateSha256,
  });
  let channel: ControlChannel | undefined;
  let isOver = false;
  const finish = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const fail = (code: WireCode, why: string): void => {
    if (isOver) return;
    finish();
    if (channel === undefined) connection.close(codeNumber(code), why);
    else channel.closeConnection(connection, code, why);
    options.onFailed(code, why);
  };
  const timer = setTimeout(() => fail('hello_timeout', codeSentence('hello_timeout')), options.timeoutMs);

  /** Returns the HELLO once it is proven. */
  const handleMessage = (message: Message): Hello | undefined => {
    if (message.kind === 'proof') return listener.handleProof(message);
    if (message.kind !== 'hello') throw new WireError('unexpected_message', `${message.kind} before HELLO`);
    channel!.send(listener.handleHello(message));
    return undefined;
  };

  connection.start({
    onStream: (stream) => {
      if (channel !== undefined || isOver) {
        stream.reset(codeNumber('protocol_error'));
        fail('protocol_error', 'a second stream before HELLO');
        return;
      }
      let isHelloSeen = false;
      channel = new ControlChannel(stream, {
        onMessage: (message) => {
          if (isOver) return;
          if (message.kind === 'hello' && isHelloSeen) return fail('protocol_error', 'a second HELLO');
          isHelloSeen ||= message.kind === 'hello';
          let proven: Hello | undefined;
          try {
            proven = handleMessage(message);
          } catch (thrown) {
            // A key of low order is a CryptoError: the dialer's fault as well.
            if (thrown instanceof WireError) fail(thrown.closeCode, thrown.message);
            else fail('bad_signature', 'the key in the HELLO is unusable');
          }
          if (proven === undefined) return;
          finish();
          options.onProven(proven, channel!);
        },
        onBroken: (error) => fail(error.closeCode, error.message),
      });
    },
    onDatagram: () => fail('protocol_error', 'a datagram before HELLO'),
    onClosed: () => {
      if (isOver) return;
      finish();
      options.onFailed('shutdown', 'the connection was closed before HELLO');
    },
  });
}
