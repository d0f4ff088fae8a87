import { encodeMessage, type Message } from '@macula/wire';
import type { LinkId } from '../routing/types.js';
import type { Session } from './session.js';

/** Sends a message that can be asked for again to many, encoded once; not to those that are slow to read. */
export function sendToAll(
  sessions: ReadonlyMap<LinkId, Pick<Session, 'sendIfRoom'>>,
  links: readonly LinkId[],
  message: Message,
): void {
  const frame = encodeMessage(message);
  for (const link of links) sessions.get(link)?.sendIfRoom(frame);
}
