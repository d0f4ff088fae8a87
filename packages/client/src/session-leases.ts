import type { Open, WireCode } from '@macula/wire';
import type { Session } from './session.js';
import type { StreamHandover } from './stream-handover.js';
import type { MeshTunnelPath } from './tunnel-facts.js';
import type { PathHandlers } from './tunnel-paths.js';

/** Which sessions carry something: paths, and OPENs that were not answered yet. */
export class SessionLeases {
  readonly #counts = new Map<Session, number>();
  readonly #onReleased: (session: Session) => void;

  /** `onReleased`: nothing uses the session any more. */
  constructor(onReleased: (session: Session) => void) {
    this.#onReleased = onReleased;
  }

  isInUse(session: Session): boolean {
    return this.#counts.has(session);
  }

  /** Opens a path over a session, which is in use until the path is over. */
  open(session: Session, open: Open, handlers: PathHandlers): (code: WireCode, text: string) => void {
    const release = this.#take(session);
    return session.open(open, {
      onAnswer: (answer, handover, via) => handlers.onAnswer(answer, held(session, handover, release), via),
      onFailed: (error, via) => {
        release();
        handlers.onFailed(error, via, session.url.text);
      },
    });
  }

  /** A stream that came over a session, which is in use until the stream is over. */
  hold(session: Session, handover: StreamHandover): StreamHandover {
    return held(session, handover, this.#take(session));
  }

  #take(session: Session): () => void {
    this.#counts.set(session, (this.#counts.get(session) ?? 0) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const left = this.#counts.get(session)! - 1;
      if (left > 0) this.#counts.set(session, left);
      else {
        this.#counts.delete(session);
        this.#onReleased(session);
      }
    };
  }
}

/** Where paths over a session begin. */
export function beginsAt({ url, transport }: Session): MeshTunnelPath {
  return { relay: url.text, transport };
}

function held(session: Session, handover: StreamHandover, onOver: () => void): StreamHandover {
  return { ...handover, beginsAt: beginsAt(session), onOver };
}
