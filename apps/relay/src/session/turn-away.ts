import type { Connection } from '@macula/transport';
import { codeNumber, codeSentence, type WireCode } from '@macula/wire';
import type { Refusal } from './accept-hello.js';

/** A refusal that says no more than its code. */
export function refusalOf(code: WireCode): Refusal {
  return { code, text: codeSentence(code) };
}

/** Closes a connection before anything of it is read. */
export function turnAway(connection: Connection, { code, text }: Refusal): void {
  connection.start({ onStream: (stream) => stream.reset(codeNumber(code)), onClosed: () => {} });
  connection.close(codeNumber(code), text);
}
