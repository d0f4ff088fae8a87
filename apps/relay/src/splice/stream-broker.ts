import type { Stream } from '@macula/transport';
import {
  codeFromNumber,
  codeNumber,
  codeSentence,
  encodeMessage,
  type Message,
  type Open,
  type OpenFailed,
  type OpenOk,
  type WireCode,
} from '@macula/wire';
import { refusedStreamLingerMs } from '../limits.js';
import type { Limiter } from '../quota/limiter.js';
import type { StreamRefusal } from '../quota/quotas.js';
import type { LegId, OpenFailure, OpenId, RouterOutput } from '../routing/types.js';
import type { Session } from '../session/session.js';
import { FirstFrame } from './first-frame.js';
import { type SpliceCounters, type SpliceEnd, splice } from './splice.js';

/** How streams report to the router. */
export interface BrokerEvents {
  /** Is asked about every stream and told what becomes of it. */
  readonly limiter: Pick<Limiter, 'inShare' | 'stream' | 'answered' | 'streamOver' | 'bytes'>;
  open(input: { open: OpenId; session: Session; message: Open }): void;
  openerGone(open: OpenId, code: WireCode): void;
  legOk(leg: LegId, answer: OpenOk): void;
  legFailed(leg: LegId, failure: OpenFailure): void;
}

/** The outputs of the router that are about streams. */
export type StreamOutput = Extract<RouterOutput, { kind: 'forward' | 'accept' | 'cancel' | 'fail' }>;

interface Opener {
  readonly session: Session;
  readonly first: FirstFrame;
  isClosed: boolean;
  /** Called once, when its stream is over. */
  readonly over: () => void;
}

interface Leg {
  readonly session: Session;
  readonly first: FirstFrame;
  isClosed: boolean;
}

/** Figures of OPENs. */
export interface OpenCounters {
  opens: number;
  accepted: number;
  /** By the code that was answered. */
  readonly failed: Map<WireCode, number>;
}

/** The streams of all OPENs in flight: reads OPEN and its answer, carries out what the router decides, makes splices. */
export class StreamBroker {
  readonly spliceCounters: SpliceCounters = { bytesForwarded: 0, active: 0, total: 0, bytesPaced: 0 };
  readonly openCounters: OpenCounters = { opens: 0, accepted: 0, failed: new Map() };
  readonly #events: BrokerEvents;
  readonly #openTimeoutMs: number;
  readonly #openers = new Map<OpenId, Opener>();
  readonly #legs = new Map<LegId, Leg>();
  #nextOpen: OpenId = 1;

  /** `openTimeoutMs`: milliseconds a fresh stream has for its whole OPEN. */
  constructor(events: BrokerEvents, openTimeoutMs: number) {
    this.#events = events;
    this.#openTimeoutMs = openTimeoutMs;
  }

  /** A stream that the other side of a session opened. */
  handleStream(session: Session, stream: Stream): void {
    const start = (): void => this.#startStream(session, stream);
    if (this.#events.limiter.inShare(session, 'stream', start)) return;
    session.streamsIn--;
    stream.reset(codeNumber('open_rate'));
  }

  #startStream(session: Session, stream: Stream): void {
    const open = this.#nextOpen++;
    const refusal = this.#events.limiter.stream(open, session);
    if (refusal !== undefined) {
      this.#refuseUnread(session, stream, refusal);
      return;
    }
    const over = (): void => {
      session.streamsIn--;
      this.#events.limiter.streamOver(open);
    };
    const timer = setTimeout(() => stream.reset(codeNumber('timeout')), this.#openTimeoutMs);
    const first = new FirstFrame(stream, {
      onMessage: (message) => {
        clearTimeout(timer);
        if (message.kind !== 'open') {
          stream.reset(codeNumber('protocol_error'));
          return;
        }
        this.openCounters.opens++;
        this.#openers.set(open, opener);
        const ask = (): void => {
          if (this.#openers.has(open)) this.#events.open({ open, session, message });
        };
        if (!this.#events.limiter.inShare(session, 'open', ask)) stream.reset(codeNumber('open_rate'));
      },
      onBroken: () => stream.reset(codeNumber('protocol_error')),
      onClosed: (reason) => {
        clearTimeout(timer);
        opener.isClosed = true;
        over();
        if (!this.#openers.delete(open)) return;
        this.#events.openerGone(open, reason.kind === 'reset' ? codeFromNumber(reason.code) : 'relay_lost');
      },
    });
    const opener: Opener = { session, first, isClosed: false, over };
  }

  /** Carries out a decision. `sessionOf` finds the session of a link. */
  perform(output: StreamOutput, sessionOf: (link: number) => Session | undefined): void {
    switch (output.kind) {
      case 'forward':
        this.#forward(output.leg, sessionOf(output.link), output.message);
        return;
      case 'accept':
        this.#accept(output);
        return;
      case 'cancel': {
        const leg = this.#legs.get(output.leg);
        this.#legs.delete(output.leg);
        leg?.first.stream.reset(codeNumber(output.code));
        return;
      }
      case 'fail':
        this.#fail(output);
        return;
    }
  }

  /** Figures for status and metrics. */
  get pendingOpens(): number {
    return this.#openers.size;
  }

  #forward(id: LegId, session: Session | undefined, message: Open): void {
    let stream: Stream;
    try {
      if (session === undefined || session.isClosed) throw new Error('the session is over');
      stream = session.connection.openStream();
    } catch {
      this.#events.legFailed(id, { code: 'relay_lost', text: codeSentence('relay_lost') });
      return;
    }
    const first = new FirstFrame(stream, {
      onMessage: (answer) => this.#handleAnswer(id, stream, answer),
      onBroken: (error) => {
        stream.reset(codeNumber('protocol_error'));
        this.#legFailed(id, { code: 'relay_lost', text: error.message });
      },
      onClosed: (reason) => {
        leg.isClosed = true;
        const code = reason.kind === 'reset' && !reason.local ? codeFromNumber(reason.code) : 'relay_lost';
        this.#legFailed(id, { code: code === 'ok' ? 'relay_lost' : code, text: codeSentence(code) });
      },
    });
    const leg: Leg = { session, first, isClosed: false };
    this.#legs.set(id, leg);
    stream.write(encodeMessage(message));
  }

  #handleAnswer(id: LegId, stream: Stream, answer: Message): void {
    if (answer.kind === 'open_ok') {
      this.#events.legOk(id, answer);
      return;
    }
    if (answer.kind === 'open_failed') this.#legFailed(id, answer);
    else this.#legFailed(id, { code: 'relay_lost', text: `${answer.kind} instead of an answer to OPEN` });
    stream.reset(codeNumber('ok'));
  }

  #legFailed(id: LegId, failure: OpenFailure): void {
    if (this.#legs.delete(id)) this.#events.legFailed(id, failure);
  }

  #accept({ open: openId, leg: legId, answer, via }: Extract<StreamOutput, { kind: 'accept' }>): void {
    const opener = this.#openers.get(openId);
    const leg = this.#legs.get(legId);
    this.#openers.delete(openId);
    this.#legs.delete(legId);
    this.#events.limiter.answered(openId, 'ok');
    if (opener === undefined || leg === undefined || opener.isClosed || leg.isClosed) {
      opener?.first.stream.reset(codeNumber('relay_lost'));
      leg?.first.stream.reset(codeNumber('relay_lost'));
      return;
    }
    this.openCounters.accepted++;
    const said = via === undefined ? {} : { via };
    opener.first.stream.write(encodeMessage({ kind: 'open_ok', answer, ...said }));
    splice(this.#spliceEnd(opener), this.#spliceEnd(leg), this.spliceCounters, opener.over);
  }

  #fail({ open: openId, kind: _, ...failure }: Extract<StreamOutput, { kind: 'fail' }>): void {
    const { code } = failure;
    this.#countFailed(code);
    const opener = this.#openers.get(openId);
    if (opener === undefined) return;
    this.#openers.delete(openId);
    this.#events.limiter.answered(openId, code);
    this.#refuse(opener.first.stream, failure, opener.over);
  }

  #spliceEnd({ session, first }: Pick<Opener, 'session' | 'first'>): SpliceEnd {
    return {
      stream: first.stream,
      rest: first.takeRest(),
      pace: (bytes) => this.#events.limiter.bytes(session, bytes),
    };
  }

  #countFailed(code: WireCode): void {
    const { failed } = this.openCounters;
    failed.set(code, (failed.get(code) ?? 0) + 1);
  }

  /** Ends a stream before anything of it is read: with OPEN_FAILED, or by a reset with the code alone. */
  #refuseUnread(session: Session, stream: Stream, { code, text, isTold }: StreamRefusal): void {
    this.#countFailed(code);
    if (isTold) {
      this.#refuse(stream, { code, text }, () => session.streamsIn--);
      return;
    }
    stream.reset(codeNumber(code));
    session.streamsIn--;
  }

  /** Ends a stream with OPEN_FAILED. */
  #refuse(stream: Stream, failure: Omit<OpenFailed, 'kind'>, over: () => void): void {
    const { code } = failure;
    stream.write(encodeMessage({ kind: 'open_failed', ...failure }));
    stream.end();
    const linger = setTimeout(() => stream.reset(codeNumber(code)), refusedStreamLingerMs);
    stream.start({
      onData: () => {},
      onEnd: () => {},
      onDrain: () => {},
      onClosed: () => {
        clearTimeout(linger);
        over();
      },
    });
    stream.resume();
  }
}
