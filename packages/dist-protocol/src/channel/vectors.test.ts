import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DistChannel, DistFlag, formatTerm, Handshake, isKind, type Signal, type Term } from '../index.js';

interface Session {
  readonly release: string;
  readonly node: string;
  readonly flags: string;
  readonly bytes: readonly (string | { readonly repeat: string; readonly times: number })[];
  readonly signals: readonly string[];
}
const { sessions }: { readonly sessions: Session[] } = JSON.parse(
  readFileSync(new URL('../../vectors/signals.json', import.meta.url), 'utf8'),
);

/** Reads a whole session as the node that dialled, `cut` bytes at a time. */
function replay({ node, flags, bytes }: Session, cut: number): string[] {
  const all = Buffer.concat(
    bytes.map((part) => Buffer.from(typeof part === 'string' ? part : part.repeat.repeat(part.times), 'hex')),
  );
  const local = { name: 'raw-1@127.0.0.1', creation: 5, flags: BigInt(flags) };
  const cookie = Buffer.from('E2E_COOKIE');
  const handshake = Handshake.initiator({ local, challenge: 1, peerName: node, cookie }, 0);
  let channel: DistChannel | undefined;
  const lines: string[] = [];
  const take = (part: Uint8Array) => {
    if (channel === undefined) return;
    channel.handleBytes(part);
    for (let output = channel.pollOutput(); output !== undefined; output = channel.pollOutput())
      lines.push(
        output.kind === 'signal' ? lineOf(output.signal) : `${output.kind}: ${output.error.message}`,
      );
  };
  for (let at = 0; at < all.length; at += cut) {
    const part = all.subarray(at, at + cut);
    if (channel !== undefined) {
      take(part);
      continue;
    }
    handshake.handleBytes(part);
    for (let output = handshake.pollOutput(); output !== undefined; output = handshake.pollOutput()) {
      if (output.kind === 'failed') throw output.error;
      if (output.kind !== 'connected') continue;
      const header = (output.flags & DistFlag.distHdrAtomCache) !== 0n;
      const fragments = header && (output.flags & DistFlag.fragments) !== 0n;
      channel = new DistChannel({ distributionHeader: header, fragments }, 0);
      take(output.rest);
    }
  }
  return lines;
}

describe('what OTP has sent', () => {
  it.each(sessions)('to a peer with the flags $flags from OTP $release', (session) => {
    for (const cut of [65_536, 1_021, 7])
      expect(replay(session, cut).slice(0, session.signals.length)).toEqual(session.signals);
  });

  it('is every way of sending: pass-through, headers and fragments', () => {
    const { distHdrAtomCache, fragments } = DistFlag;
    const kinds = sessions.map(({ flags }) =>
      [distHdrAtomCache, fragments].map((one) => (BigInt(flags) & one) !== 0n),
    );
    expect(new Set(kinds.map(String))).toEqual(new Set(['true,true', 'true,false', 'false,false']));
    expect(new Set(sessions.map(({ release }) => release))).toEqual(new Set(['25', '27', '29']));
  });
});

function lineOf(signal: Signal): string {
  switch (signal.kind) {
    case 'send':
      return `send ${signal.to.id}: ${text(signal.message)}`;
    case 'send_to_name':
      return `send_to_name ${signal.to.name}: ${text(signal.message)}`;
    case 'send_to_alias':
      return `send_to_alias: ${text(signal.message)}`;
    case 'exit':
    case 'exit2':
    case 'monitor_exit':
      return `${signal.kind} ${signal.to.id}: ${text(signal.reason)}`;
    case 'spawn_request':
      return `spawn_request ${signal.module.name}:${signal.functionName.name} ${text(signal.options)}: ${text(signal.args)}`;
    case 'spawn_reply':
      return `spawn_reply ${text(signal.result)}`;
    case 'monitor':
    case 'demonitor':
      return `${signal.kind} ${isKind(signal.to, 'pid') ? signal.to.id : signal.to.name}`;
    default:
      return `${signal.kind} ${signal.to.id}`;
  }
}

function text(term: Term): string {
  return term instanceof Uint8Array && term.length > 100 ? `${term.length} bytes` : formatTerm(term);
}
