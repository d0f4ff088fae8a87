import { identityId, type TokenLimits } from '@macula/crypto';
import type { Connection } from '@macula/transport';
import { codeSentence, messageTypes, type Open, type ProvenHello, type WireCode } from '@macula/wire';
import { controlCostOfNames, controlCostOfWatch, fullRetryMs, lagProbeMs, workCostMs } from '../limits.js';
import type { LinkId, OpenId } from '../routing/types.js';
import type { EndHello } from '../session/accept-hello.js';
import type { Session } from '../session/session.js';
import { FairShare } from './fair-share.js';
import { HelloPace } from './hello-pace.js';
import { type HelloId, HelloPlaces } from './hello-places.js';
import type { QuotaLimits } from './quota-limits.js';
import { type QuotaParty, Quotas, type StreamRefusal } from './quotas.js';
import { type QuotaRefusal, seconds } from './refusal.js';

/** A connection that may begin its HELLO. */
export interface HelloTurn {
  /** Says how it can be ended when it takes too long and others wait. */
  holds(end: EndHello): void;
  /** It is finished: admitted, or why not. */
  over(code: WireCode | undefined): void;
}

/** What a {@link Limiter} works with. */
export interface LimiterParts {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** From 0 to 1. */
  random(): number;
  sessionOf(link: LinkId): Session | undefined;
  /** Whether somebody is known to have a name, here or at another relay. */
  knows(realm: string, name: string): boolean;
}

/** Asks {@link HelloPlaces} and {@link Quotas} about sessions and connections, and ends the sessions that they want ended. */
export class Limiter {
  readonly quotas: Quotas;
  readonly helloPlaces: HelloPlaces;
  readonly #pace: HelloPace;
  /** Sessions that a limit has ended, by code, since the start. */
  readonly endedSessions: Map<WireCode, number> = new Map();
  readonly #share: FairShare;
  readonly #unfinished = new Map<HelloId, EndHello>();
  readonly #parts: LimiterParts;
  #lagTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(limits: QuotaLimits, parts: LimiterParts) {
    this.quotas = new Quotas(limits, parts.random);
    this.helloPlaces = new HelloPlaces(limits.address, parts.random);
    this.#pace = new HelloPace(parts.random, parts.nowMs());
    this.#parts = parts;
    this.#share = new FairShare({
      nowMs: parts.nowMs,
      wakeAfter: (ms, go) => void (ms === 0 ? setImmediate(go) : setTimeout(go, Math.ceil(ms)).unref()),
    });
  }

  /** A connection was accepted; whether it may begin its HELLO. */
  connection({ remoteAddress }: Connection): HelloTurn | QuotaRefusal {
    const place = this.helloPlaces.handleConnection(remoteAddress.host, this.#parts.nowMs());
    if (!place.isFree) return place.refusal;
    const { id, evicted } = place;
    let isOver = false;
    if (evicted !== undefined)
      this.#unfinished.get(evicted)?.('hello_timeout', 'HELLO took long, and others wait for the place');
    return {
      holds: (end) => {
        if (!isOver) this.#unfinished.set(id, end);
      },
      over: (code) => {
        isOver = true;
        this.#unfinished.delete(id);
        this.helloPlaces.handleOver(id, outcomeOf(code), this.#parts.nowMs());
      },
    };
  }

  /** A dialer has sent its first packet; whether its handshake may begin now. */
  mayShakeHands(): boolean {
    this.#watchLag();
    return this.#pace.handleDialer(this.#parts.nowMs());
  }

  /** A HELLO has come and is to be proven, of somebody known or of a stranger. */
  paceHello(isKnown: boolean): QuotaRefusal | undefined {
    this.#watchLag();
    const retryMs = this.#pace.handleHello(isKnown, this.#parts.nowMs());
    if (retryMs === 0) return undefined;
    const text = `more nodes want to join at this moment than the relay has time for; try again in ${seconds(retryMs)}, or at another relay`;
    return { code: 'busy', text, retryMs };
  }

  /** There are as many sessions as there may be. */
  full(): QuotaRefusal {
    return {
      ...{ code: 'busy', text: codeSentence('busy') },
      retryMs: Math.round(fullRetryMs * (1 + this.#parts.random() / 2)),
    };
  }

  /** Whether an agent has a session here whose place another one of it would take. */
  isHere(of: Parameters<Quotas['isHere']>[0]): boolean {
    return this.quotas.isHere(of);
  }

  /** Whether somebody is known to have a name, here or at another relay. */
  knows(realm: string, name: string): boolean {
    return this.#parts.knows(realm, name);
  }

  /** A HELLO is proven. */
  hello(connection: Connection, proven: ProvenHello): QuotaRefusal | undefined {
    const party = partyOf(connection, proven);
    return this.#ask((nowMs) => this.quotas.handleHello(party, nowMs));
  }

  /** A session is to begin; it counts unless it is refused. */
  session(
    link: LinkId,
    {
      connection,
      proven,
      granted,
    }: {
      readonly connection: Connection;
      readonly proven: ProvenHello;
      /** By its realm or its token. */
      readonly granted: TokenLimits | undefined;
    },
  ): QuotaRefusal | undefined {
    const { names } = proven.hello;
    const session = { ...partyOf(connection, proven), link, names, granted };
    return this.#ask((nowMs) => this.quotas.handleSession(session, nowMs));
  }

  /** A frame has come on a session's control stream; false: it must not be read, and the session is closed. */
  control(session: Session, type: number): boolean {
    // Relays tell each other what happens to all their agents.
    if (session.facts.role === 'relay') return true;
    const cost = controlCosts.get(type) ?? 1;
    return this.#allows(session, (nowMs) => this.quotas.handleControl(session.facts.link, cost, nowMs));
  }

  /**
   * Does what an agent makes necessary: now, or later when it has made much. False: so much waits that this is not taken. Nothing is done for a
   * session that is over meanwhile.
   */
  inShare(session: Session, kind: keyof typeof workCostMs, work: () => void): boolean {
    if (session.facts.role === 'relay') {
      work(); // relays ask for all their agents
      return true;
    }
    const costMs = workCostMs[kind];
    return this.#share.run(`${kind === 'names' ? 'names' : 'opens'} ${session.id}`, {
      ...{ costMs, work, isOver: () => session.isClosed },
    });
  }

  /** A session wants these names from now on; false: it may not, and is closed. */
  names(session: Session, names: readonly string[]): boolean {
    return this.#allows(session, (nowMs) => this.quotas.handleNames(session.facts.link, names, nowMs));
  }

  stream(open: OpenId, { facts }: Session): StreamRefusal | undefined {
    return this.#ask((nowMs) => this.quotas.handleStream(open, facts.link, nowMs));
  }

  /** An OPEN has come. */
  open(input: {
    readonly open: OpenId;
    readonly session: Session;
    readonly message: Open;
  }): QuotaRefusal | undefined {
    const { facts } = input.session;
    const { realm, from, to, exclude } = input.message;
    // Whoever opens a tunnel through another relay is there.
    if (facts.role === 'relay') this.quotas.handleHeardOf(realm, from);
    const isKnown = realm === facts.realm && this.#parts.knows(realm, to);
    const wanted = { realm, to, isKnown, isForAll: exclude.length === 0 };
    return this.#ask((nowMs) => this.quotas.handleOpen(input.open, wanted, nowMs));
  }

  answered(open: OpenId, code: WireCode): void {
    this.quotas.handleAnswer(open, code, this.#parts.nowMs());
  }

  streamOver(open: OpenId): void {
    this.quotas.handleStreamOver(open);
  }

  /** Bytes came from a session for its tunnels; answers how long not to read on, milliseconds. */
  bytes({ facts }: Session, bytes: number): number {
    return this.quotas.handleBytes(facts.link, bytes, this.#parts.nowMs());
  }

  /** Called about every second. */
  sweep(): void {
    this.helloPlaces.sweep(this.#parts.nowMs());
    this.quotas.handleTimeout(this.#parts.nowMs());
  }

  #watchLag(): void {
    if (this.#lagTimer !== undefined) return;
    const { nowMs } = this.#parts;
    const dueMs = nowMs() + lagProbeMs;
    this.#lagTimer = setTimeout(() => {
      this.#lagTimer = undefined;
      this.#pace.handleLag(nowMs() - dueMs, nowMs());
      if (!this.#pace.isRested(nowMs())) this.#watchLag();
    }, lagProbeMs);
    this.#lagTimer.unref();
  }

  #allows(session: Session, ask: (nowMs: number) => QuotaRefusal | undefined): boolean {
    const refusal = this.#ask(ask);
    if (refusal !== undefined) this.#end(session, refusal);
    return refusal === undefined;
  }

  #ask<T>(ask: (nowMs: number) => T): T {
    const answer = ask(this.#parts.nowMs());
    for (let output = this.quotas.pollOutput(); output !== undefined; output = this.quotas.pollOutput()) {
      const session = this.#parts.sessionOf(output.link);
      if (session !== undefined) this.#end(session, output);
    }
    return answer;
  }

  #end(session: Session, { code, text, retryMs }: QuotaRefusal): void {
    if (session.isClosed) return;
    this.endedSessions.set(code, (this.endedSessions.get(code) ?? 0) + 1);
    session.close(code, text, retryMs);
  }
}

/** What messages count that cost more than others, by type. */
const controlCosts: ReadonlyMap<number, number> = new Map([
  [messageTypes.names, controlCostOfNames],
  [messageTypes.watch, controlCostOfWatch],
]);

/** What counts against the address: everything but what the relay itself is the reason of. */
function outcomeOf(code: WireCode | undefined): 'admitted' | 'failed' | 'spared' {
  if (code === undefined) return 'admitted';
  return code === 'busy' || code === 'draining' ? 'spared' : 'failed';
}

function partyOf(connection: Connection, { hello }: ProvenHello): QuotaParty {
  const realm = hello.role === 'agent' ? hello.realm : '';
  return { identity: identityId(hello.identity), realm, host: connection.remoteAddress.host };
}
