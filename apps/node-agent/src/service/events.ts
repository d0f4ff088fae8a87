import type { MeshEvent } from '@macula/client';
import { atom, binary, type Term } from '@macula/dist-protocol';
import type { AgentEvent, EventLevel } from '../control/messages.js';
import { guessQuietMs } from '../limits.js';
import { EventLimiter } from './event-limiter.js';
import type { TunnelEnd } from './mesh-port.js';

/** Which side opened a tunnel, seen from this node. */
export type TunnelDirection = 'in' | 'out';

/** Turns what happens into events for the BEAM's log; repeats about one relay or peer pass once in 10 s. */
export class EventReporter {
  readonly #emit: (event: AgentEvent) => void;
  readonly #limiter: EventLimiter;

  constructor(emit: (event: AgentEvent) => void, limiter: EventLimiter = new EventLimiter()) {
    this.#emit = emit;
    this.#limiter = limiter;
  }

  /** A session came, went or failed, or a peer fails again and again; `byUs`: this node left, so its end is no news worth a warning. */
  reportMesh(event: MeshEvent, byUs = false): void {
    if (event.kind === 'too_many_failures') {
      this.#tooManyFailures(event);
      return;
    }
    if (event.kind === 'node_joined' || event.kind === 'node_left') return; // no news for a log
    const relay = binary(event.relay);
    switch (event.kind) {
      case 'session_up':
        this.#limiter.reset(`dial_failed ${event.relay}`);
        this.report('session_up', 'info', `connected to ${event.relay} over ${event.transport}`, {
          relay,
          relay_id: binary(event.relayId),
          transport: binary(event.transport),
        });
        return;
      case 'session_renewed': {
        const why = {
          asked: 'as it asked for',
          token: 'with another token',
          draining: `since ${event.former} is about to stop`,
          unanswered: `since ${event.former} did not answer in time`,
        }[event.why];
        this.#limiter.reset(`dial_failed ${event.relay}`);
        this.report(
          'session_renewed',
          'info',
          `connected anew to ${event.relay} over ${event.transport}, ${why}`,
          {
            relay,
            relay_id: binary(event.relayId),
            transport: binary(event.transport),
          },
        );
        return;
      }
      case 'session_down':
        this.report(
          'session_down',
          byUs ? 'info' : 'warning',
          byUs ? `left ${event.relay}` : `lost ${event.relay}: ${event.text}`,
          { relay, code: binary(event.code) },
        );
        return;
      case 'standby_up':
        this.#limiter.reset(`dial_failed ${event.relay}`);
        this.report('standby_up', 'info', `${event.relay} stands by, over ${event.transport}`, {
          relay,
          relay_id: binary(event.relayId),
          transport: binary(event.transport),
        });
        return;
      case 'standby_down':
        this.report(
          'standby_down',
          'info',
          byUs ? `left ${event.relay}` : `${event.relay} stands by no more: ${event.text}`,
          { relay, code: binary(event.code) },
        );
        return;
      case 'dial_failed':
        this.#limited(event.relay, {
          event: 'dial_failed',
          level: 'warning',
          text: `${event.isRefusal ? 'refused by' : 'cannot reach'} ${event.relay}: ${event.text}`,
          details: { relay, code: binary(event.code) },
        });
        return;
      case 'names_taken':
        this.#limited(event.relay, {
          event: 'names_taken',
          level: 'error',
          text: `${event.relay} says that another node uses ${event.names.join(', ')} in this realm; choose another name, or stop the other, which frees the name within 45 s`,
          details: { relay, names: event.names.map(binary) },
        });
        return;
      case 'names_given':
        this.#limiter.reset(`names_taken ${event.relay}`);
        this.report(
          'names_given',
          'notice',
          `${event.relay} gave ${event.names.join(', ')} to this node after all`,
          {
            relay,
            names: event.names.map(binary),
          },
        );
    }
  }

  /** A warning of a tunnel, for instance `ticktime_mismatch`. */
  reportTunnelWarning(options: {
    peer: string;
    direction: TunnelDirection;
    kind: string;
    text: string;
  }): void {
    const { peer, direction, kind, text } = options;
    if (kind === 'decrypt_failed') this.#decryptFailed(peer, direction, text);
    else
      this.#limited(`${direction} ${peer}`, {
        event: kind === 'ticktime_mismatch' ? kind : 'tunnel_warning', // it becomes an atom
        level: 'warning',
        text: `${peer}: ${text}`,
        details: { peer: binary(peer), direction: atom(direction) },
      });
  }

  /** The end of a tunnel; only a wrong cookie is worth an event, both sides see it. */
  reportTunnelEnd(options: { peer: string; direction: TunnelDirection; end: TunnelEnd }): void {
    const { peer, direction, end } = options;
    if (end.reason === 'decrypt_failed') this.#decryptFailed(peer, direction, end.text);
  }

  /** A peer that opened a tunnel has proven the cookie: its next failure is news again. */
  reportProven(peer: string): void {
    this.#limiter.reset(decryptFailedKey('in', peer));
  }

  /** Anything else. */
  report(event: string, level: EventLevel, text: string, details: Readonly<Record<string, Term>> = {}): void {
    this.#emit({ kind: 'event', event, level, text, details });
  }

  #tooManyFailures({ peer, source }: Extract<MeshEvent, { kind: 'too_many_failures' }>): void {
    const who = source === '' ? peer : `${peer} (identity ${source})`;
    this.report(
      'too_many_failures',
      'warning',
      `${who} has tried to connect again and again without the cookie and may now try once in 30 s; somebody may be guessing it, or erlang:get_cookie() differs there`,
      { peer: binary(peer), direction: atom('in'), source: binary(source) },
    );
    this.#limiter.hold(decryptFailedKey('in', peer), guessQuietMs);
  }

  #decryptFailed(peer: string, direction: TunnelDirection, text: string): void {
    const why = text === '' ? 'the two nodes do not share the same cookie' : text;
    this.#limited(`${direction} ${peer}`, {
      event: 'decrypt_failed',
      level: 'warning',
      // the code itself, because that is what people search logs for
      text: `decrypt_failed, tunnel ${direction === 'in' ? 'from' : 'to'} ${peer}: ${why}; compare erlang:get_cookie() on both nodes`,
      details: { peer: binary(peer), direction: atom(direction) },
    });
  }

  /** Keys are `EVENT ABOUT`. */
  #limited(about: string, event: Omit<AgentEvent, 'kind'>): void {
    const suppressed = this.#limiter.pass(`${event.event} ${about}`);
    if (suppressed === undefined) return;
    const text =
      suppressed === 0 ? event.text : `${event.text} (${suppressed} more of these since the last one)`;
    this.#emit({ kind: 'event', ...event, text });
  }
}

function decryptFailedKey(direction: TunnelDirection, peer: string): string {
  return `decrypt_failed ${direction} ${peer}`;
}
