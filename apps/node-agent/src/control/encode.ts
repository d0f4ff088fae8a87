import { atom, atomMap, binary, encodeTerm, type Term, TermMap, tuple } from '@macula/dist-protocol';
import { textLengthMax } from '../limits.js';
import { frame } from './frame-reader.js';
import type { AgentMessage, JoinError, LocalAddress, ReplyResult } from './messages.js';

/** Version of the protocol that this agent speaks. */
export const controlProtocol = 1;

/** A complete frame with the message. */
export function encodeAgentMessage(message: AgentMessage): Buffer {
  return frame(4, encodeTerm(messageTerm(message)));
}

/** At most {@link textLengthMax} characters. */
export function clipText(text: string): string {
  return text.length > textLengthMax ? `${text.slice(0, textLengthMax - 1)}…` : text;
}

/** A term of the agent's own plain data: text becomes a binary, a boolean an atom, names in camelCase snake_case. */
export function plainTerm(value: PlainValue): Term {
  if (value === undefined || value === null) return atom('undefined');
  if (typeof value === 'string') return binary(value);
  if (typeof value === 'boolean') return atom(String(value));
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value) : atom('undefined');
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return (value as readonly PlainValue[]).map(plainTerm);
  const entries = Object.entries(value as Readonly<Record<string, PlainValue>>);
  return atomMap(Object.fromEntries(entries.map(([name, inner]) => [snakeCase(name), plainTerm(inner)])));
}

/** What {@link plainTerm} takes; numbers are rounded to integers. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue };

function messageTerm(message: AgentMessage): Term {
  switch (message.kind) {
    case 'hello':
      return tuple(
        atom('hello'),
        atomMap({
          protocol: controlProtocol,
          agent_version: binary(message.agentVersion),
          os_pid: message.osPid,
          address: addressTerm(message.address),
        }),
      );
    case 'pong':
      return tuple(atom('pong'), message.number);
    case 'reply':
      return tuple(atom('reply'), message.ref, resultTerm(message.result));
    case 'incoming':
      return tuple(atom('incoming'), message.id, atomMap({ peer: binary(message.peer) }));
    case 'tunnel_down':
      return tuple(
        atom('tunnel_down'),
        message.tunnelId,
        atom(message.reason),
        binary(clipText(message.text)),
      );
    case 'tunnel_detached':
      return tuple(
        atom('tunnel_detached'),
        message.tunnelId,
        atomMap({ window_ms: message.windowMs, reason: atom(message.reason) }),
      );
    case 'tunnel_resumed':
      return tuple(
        atom('tunnel_resumed'),
        message.tunnelId,
        atomMap({ after_ms: message.afterMs, reattachments: message.reattachments }),
      );
    case 'event':
      return tuple(
        atom('event'),
        atom(message.event),
        atom(message.level),
        atomMap({ ...message.details, text: binary(clipText(message.text)) }),
      );
    case 'error':
      return tuple(atom('error'), atom(message.code), binary(clipText(message.text)));
  }
}

function addressTerm(address: LocalAddress): Term {
  return address.kind === 'local'
    ? tuple(atom('local'), binary(address.path))
    : tuple(atom('tcp'), address.port);
}

function resultTerm(result: ReplyResult): Term {
  switch (result.kind) {
    case 'ok':
      return atom('ok');
    case 'value':
      return tuple(atom('ok'), result.value);
    case 'error':
      return tuple(atom('error'), joinErrorTerm(result.error));
  }
}

function joinErrorTerm(error: JoinError): Term {
  switch (error.code) {
    case 'bad_option':
      return tuple(atom('bad_option'), tuple(atom(error.name), binary(clipText(error.why))));
    case 'connect_timeout':
    case 'refused':
      return tuple(
        atom(error.code),
        atomMap({
          text: binary(clipText(error.text)),
          relays: new TermMap(
            [...error.relays].map(([url, { text }]) => [binary(url), binary(clipText(text))]),
          ),
          codes: new TermMap([...error.relays].map(([url, { code }]) => [binary(url), atom(code)])),
        }),
      );
    case 'already_joined':
      return tuple(atom('already_joined'), atomMap({ text: binary(clipText(error.text)) }));
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
