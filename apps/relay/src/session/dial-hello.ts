import { type Identity, identityId } from '@macula/crypto';
import type { Connection, ConnectionClosed, Stream } from '@macula/transport';
import {
  type Challenge,
  codeFromNumber,
  codeNumber,
  codeSentence,
  HelloDialer,
  type Message,
  type WireCode,
  WireError,
} from '@macula/wire';
import { ControlChannel } from './control-channel.js';
import { type AdmittedBy, notAdmitted, type PeerAdmission } from './peer-admission.js';

/** What the dialer of a peering needs. */
export interface DialHelloOptions {
  readonly identity: Identity;
  /** 16 bytes, random at process start. */
  readonly bootId: Uint8Array;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  readonly sessionSeq: number;
  readonly label: string;
  /** `#id=` of the URL. */
  readonly identityPin: string | undefined;
  /** Whether the operator wrote that, so that it admits the relay. */
  readonly isPinTrusted: boolean;
  /** Secret of the mesh, if there is one. */
  readonly meshSecret: Uint8Array | undefined;
  /** What admits the relay that has proven this; undefined: nothing. */
  admits: PeerAdmission['admits'];
  /** Milliseconds until `hello_timeout`. */
  readonly timeoutMs: number;
  /** WELCOME has come; connection and channel belong to the callee now. */
  onWelcome(welcomed: Welcomed): void;
  /** No session came of it; the connection is being closed. */
  onFailed(code: WireCode, why: string): void;
}

/** A peering as its dialer sees it. */
export interface Welcomed {
  /** The other relay's Ed25519 public key. */
  readonly identity: Uint8Array;
  /** Random at the start of its process, 16 bytes. */
  readonly bootId: Uint8Array;
  readonly label: string;
  readonly admittedBy: AdmittedBy;
  readonly channel: ControlChannel;
  /** Streams that overtook WELCOME, not started. */
  readonly earlyStreams: readonly Stream[];
}

const earlyStreamsMax = 64;

/** The dialer's side of HELLO, in the role of a relay. */
export function dialHello(connection: Connection, options: DialHelloOptions): void {
  const { identity, bootId, nonce, sessionSeq, label, identityPin } = options;
  const dialer = new HelloDialer({
    role: 'relay',
    realm: '',
    names: [],
    identity,
    bootId,
    sessionSeq,
    nonce,
    label,
    certificateSha256: connection.certificateSha256,
    identityPin,
    meshSecret: options.meshSecret,
  });
  const earlyStreams: Stream[] = [];
  let challenge: Challenge | undefined;
  let admittedBy: AdmittedBy | undefined;
  let isOver = false;
  const finish = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const fail = (code: WireCode, why: string): void => {
    if (isOver) return;
    finish();
    channel.closeConnection(connection, { code, text: why });
    options.onFailed(code, why);
  };
  const timer = setTimeout(() => fail('hello_timeout', codeSentence('hello_timeout')), options.timeoutMs);

  const handleChallenge = (message: Challenge): void => {
    const proof = dialer.handleChallenge(message);
    challenge = message;
    const id = identityId(message.identity);
    if (id === identityId(identity.publicKey)) {
      fail('self_connection', codeSentence('self_connection'));
      return;
    }
    const { isMeshSecretProven } = dialer;
    admittedBy = options.admits({
      id,
      isMeshSecretProven,
      isPinned: identityPin !== undefined && options.isPinTrusted,
    });
    if (admittedBy === undefined) {
      const { code, text } = notAdmitted({ id, at: identityId(identity.publicKey) });
      fail(code, text);
      return;
    }
    channel.send(proof);
  };

  const handleMessage = (message: Message): void => {
    if (message.kind === 'challenge' && challenge === undefined) handleChallenge(message);
    else if (message.kind === 'welcome' && challenge !== undefined && admittedBy !== undefined) {
      finish();
      const { identity, bootId } = challenge;
      options.onWelcome({ identity, bootId, label: message.label, admittedBy, channel, earlyStreams });
    } else if (message.kind === 'goodbye') fail(remoteCode(message.code), message.text);
    else throw new WireError('unexpected_message', `${message.kind} before WELCOME`);
  };

  const channel = new ControlChannel(connection.openStream({ priority: 'control' }), {
    onMessage: (message) => {
      if (isOver) return;
      try {
        handleMessage(message);
      } catch (thrown) {
        if (thrown instanceof WireError) fail(thrown.closeCode, thrown.message);
        else fail('bad_signature', 'the key in the CHALLENGE is unusable');
      }
    },
    onBroken: (error) => fail(error.closeCode, error.message),
  });
  connection.start({
    onStream: (stream) => {
      if (earlyStreams.length < earlyStreamsMax) earlyStreams.push(stream);
      else stream.reset(codeNumber('busy'));
    },
    onClosed: (info) => {
      if (isOver) return;
      finish();
      options.onFailed(codeOfClosed(info), whyClosed(info));
    },
  });
  channel.send(dialer.hello);
}

/** The code a closed connection stands for. */
export function codeOfClosed(info: ConnectionClosed): WireCode {
  return info.kind === 'lost' ? 'relay_lost' : remoteCode(codeFromNumber(info.code));
}

/** Who we are only we can tell: a peer that says `self_connection` would switch our dialer off for good. */
export function remoteCode(code: WireCode): WireCode {
  return code === 'self_connection' ? 'protocol_error' : code;
}

/** Why a connection was closed, for people. */
export function whyClosed(info: ConnectionClosed): string {
  return info.kind === 'lost' ? info.error.message : info.reason;
}
