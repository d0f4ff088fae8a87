import type { Connection, RelayUrl, Transport } from '@macula/transport';
import { codeNumber } from '@macula/wire';
import { MeshError } from './errors.js';
import { dialStaggerMs, dialTimeoutMs } from './limits.js';
import type { Session } from './session.js';

/** One round of attempts over all relays. */
export interface DialRound {
  readonly transport: Transport;
  readonly relays: readonly RelayUrl[];
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caPem?: readonly string[];
  readonly makeSession: (
    connection: Connection,
    url: RelayUrl,
    onEnded: (error: MeshError) => void,
  ) => Session;
  readonly onFailed: (url: RelayUrl, error: unknown) => void;
  /** The first session that was welcomed; the others are given up. */
  readonly onWon: (session: Session) => void;
  /** No relay welcomed us; errors in the order of `relays`. */
  readonly onAllFailed: (errors: readonly unknown[]) => void;
  /** The session that won is over. */
  readonly onLost: (session: Session, error: MeshError) => void;
}

/**
 * Tries the relays in order: the next one when the one before has failed, or has not answered for {@link dialStaggerMs}. Returns how
 * to cancel; no handler is called afterwards.
 */
export function dialAny(round: DialRound): () => void {
  const errors = new Map<RelayUrl, unknown>();
  const candidates = new Set<Session>();
  let winner: Session | undefined;
  let cancelled = false;
  let started = 0;
  let staggerTimer: NodeJS.Timeout | undefined;

  const over = (): boolean => cancelled || winner !== undefined;
  const startNext = (): void => {
    clearTimeout(staggerTimer);
    const url = round.relays[started];
    if (over() || url === undefined) return;
    started += 1;
    void attempt(url);
    staggerTimer = setTimeout(startNext, dialStaggerMs);
  };
  const failed = (url: RelayUrl, error: unknown): void => {
    if (over() || errors.has(url)) return;
    errors.set(url, error);
    round.onFailed(url, error);
    if (errors.size === round.relays.length)
      round.onAllFailed(round.relays.map((relay) => errors.get(relay)));
    else startNext();
  };
  const giveUpOthers = (): void => {
    clearTimeout(staggerTimer);
    for (const session of candidates) if (session !== winner) session.close('ok', 'another relay was faster');
    candidates.clear();
  };
  const attempt = async (url: RelayUrl): Promise<void> => {
    const deadline = performance.now() + dialTimeoutMs;
    try {
      const connection = await round.transport.dial({
        url,
        tlsVerify: round.tlsVerify,
        connectTimeoutMs: dialTimeoutMs,
        ...(round.caPem === undefined ? {} : { caPem: round.caPem }),
      });
      if (over()) {
        connection.close(codeNumber('ok'), 'not needed');
        return;
      }
      let ended: MeshError | undefined;
      const session = round.makeSession(connection, url, (error) => {
        ended = error;
        if (session === winner) round.onLost(session, error);
        else failed(url, error);
      });
      candidates.add(session);
      const timer = setTimeout(() => {
        failed(url, new MeshError('relay_lost', 'timeout', `no WELCOME within ${dialTimeoutMs} ms`));
        session.close('timeout', 'no WELCOME');
      }, deadline - performance.now());
      await session.welcomed.finally(() => clearTimeout(timer));
      // GOODBYE right behind WELCOME: it was told as a failure, and another relay is being tried.
      if (over() || ended !== undefined) return;
      winner = session;
      giveUpOthers();
      round.onWon(session);
    } catch (error) {
      failed(url, error);
    }
  };
  startNext();
  return () => {
    if (over()) return;
    cancelled = true;
    giveUpOthers();
  };
}
