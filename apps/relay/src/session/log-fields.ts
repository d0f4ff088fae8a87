import { identityId } from '@macula/crypto';
import type { SaidHello } from './accept-hello.js';
import type { Session } from './session.js';

/** Who was turned away, as fields of the log: the operator needs its id and names to help it, or to keep it out. */
export function describeSaid(said: SaidHello | undefined): Record<string, unknown> {
  if (said === undefined) return {};
  const { role, identity, label, realm, names } = said.hello;
  return {
    said: said.isProven ? 'proven' : 'claimed',
    role,
    id: idOf(identity),
    label: label.slice(0, labelLengthMax),
    ...(role === 'agent' ? { realm, names: namesText(names) } : {}),
  };
}

/** Whose session a line is about; nothing where it is over. */
export function describeSession(session: Session | undefined): Record<string, unknown> {
  if (session === undefined) return {};
  const { role, realm, label, dialled } = session.facts;
  const { transport, remoteAddress } = session.connection;
  const remote = `${remoteAddress.host} ${remoteAddress.port}`;
  return { role, id: session.id, realm, label, dialled, transport, remote };
}

/** Some of many names. */
function namesText(names: readonly string[]): string {
  const more = names.length - namesShownMax;
  const shown = names.slice(0, namesShownMax).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** What is claimed may be no key. */
function idOf(identity: Uint8Array): string {
  try {
    return identityId(identity);
  } catch {
    return 'no key';
  }
}

/** Whoever comes can have a line logged, so it is short. */
const labelLengthMax = 100;
const namesShownMax = 5;
