import type { Connection } from '@macula/transport';
import {
  codeNumber,
  codeSentence,
  type Goodbye,
  type Hello,
  HelloListener,
  type HelloListenerOptions,
  type Message,
  type ProvenHello,
  type WireCode,
  WireError,
} from '@macula/wire';
import { ControlChannel } from './control-channel.js';

/** What accepting a connection needs. */
export interface AcceptHelloOptions extends Omit<HelloListenerOptions, 'certificateSha256'> {
  /** Milliseconds until `hello_timeout`. */
  readonly timeoutMs: number;
  /** Whether who says this may prove it now, before anything is computed for it; undefined is yes. */
  mayProve(hello: Hello): Refusal | undefined;
  /** Whether who has proven this may in; undefined is yes. */
  decide(proven: ProvenHello): Refusal | undefined | Promise<Refusal | undefined>;
  /** The dialer has proven its HELLO and may in; connection and channel belong to the callee now. */
  onAdmitted(proven: ProvenHello, channel: ControlChannel): void;
  /** The dialer was turned away, or left; the connection is being closed. What it said of itself, if it came so far. */
  onFailed(code: WireCode, why: string, said: SaidHello | undefined): void;
}

/** What a dialer that was turned away has said of itself. */
export interface SaidHello {
  readonly hello: Hello;
  /** Whether it has proven that; else it is a claim of anybody. */
  readonly isProven: boolean;
}

/** Why somebody is turned away. */
export interface Refusal {
  readonly code: WireCode;
  /** Cause and remedy. */
  readonly text: string;
  /** Milliseconds until it may be tried again, where that is known. */
  readonly retryMs?: number;
}

/** Ends an unfinished HELLO, which is told as failed. */
export type EndHello = (code: WireCode, text: string) => void;

/**
 * The listener's side of HELLO on a fresh connection. Until it is proven, and the proven admitted, the dialer has one stream,
 * `helloBytesMax` bytes and `timeoutMs`; anything else ends the connection with a code. Returns how to end it sooner.
 */
export function acceptHello(connection: Connection, options: AcceptHelloOptions): EndHello {
  const listener = new HelloListener({
    ...options,
    certificateSha256: connection.certificateSha256,
  });
  let channel: ControlChannel | undefined;
  let isOver = false;
  let isProofSeen = false;
  let said: SaidHello | undefined;
  const finish = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const refuse = (refusal: Refusal): void => {
    if (isOver) return;
    finish();
    const { code, text } = refusal;
    if (channel === undefined) connection.close(codeNumber(code), text);
    else channel.closeConnection(connection, refusal);
    options.onFailed(code, text, said);
  };
  const fail = (code: WireCode, text: string): void => refuse({ code, text });
  /** It had enough of us: its reason tells more than that it has gone. */
  const handleGoodbye = ({ code, text }: Goodbye): void => {
    finish();
    channel!.stop();
    connection.close(codeNumber('ok'), '');
    options.onFailed(isOurs(code) ? 'protocol_error' : code, `the dialer left: ${text}`, said);
  };
  const decide = async (proven: ProvenHello): Promise<void> => {
    let refusal: Refusal | undefined;
    try {
      refusal = await options.decide(proven);
    } catch (thrown) {
      refusal = { code: 'busy', text: `the relay could not decide: ${String(thrown)}` };
    }
    if (isOver) return;
    if (refusal !== undefined) return refuse(refusal);
    finish();
    options.onAdmitted(proven, channel!);
  };
  const timer = setTimeout(() => fail('hello_timeout', codeSentence('hello_timeout')), options.timeoutMs);

  /** Returns the HELLO once it is proven. */
  const handleMessage = (message: Message): ProvenHello | undefined => {
    if (message.kind === 'proof' && !isProofSeen) {
      isProofSeen = true;
      const proven = listener.handleProof(message);
      said = { hello: proven.hello, isProven: true };
      return proven;
    }
    if (message.kind !== 'hello' || isProofSeen)
      throw new WireError('unexpected_message', `${message.kind} before HELLO`);
    said = { hello: message, isProven: false };
    const refusal = options.mayProve(message);
    if (refusal !== undefined) {
      refuse(refusal);
      return undefined;
    }
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
          if (message.kind === 'goodbye') return handleGoodbye(message);
          if (message.kind === 'hello' && isHelloSeen) return fail('protocol_error', 'a second HELLO');
          isHelloSeen ||= message.kind === 'hello';
          let proven: ProvenHello | undefined;
          try {
            proven = handleMessage(message);
          } catch (thrown) {
            // A key of low order is a CryptoError: the dialer's fault as well.
            if (thrown instanceof WireError) fail(thrown.closeCode, thrown.message);
            else fail('bad_signature', 'the key in the HELLO is unusable');
          }
          if (proven !== undefined) void decide(proven);
        },
        onBroken: (error) => fail(error.closeCode, error.message),
      });
    },
    onDatagram: () => fail('protocol_error', 'a datagram before HELLO'),
    onClosed: () => {
      if (isOver) return;
      finish();
      options.onFailed('shutdown', 'the connection was closed before its HELLO was done', said);
    },
  });
  return fail;
}

/** What only a relay says of itself, and what spares a connection that failed. */
function isOurs(code: WireCode): boolean {
  return code === 'busy' || code === 'draining';
}
