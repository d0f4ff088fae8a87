import { hmacSha256 } from '@macula/crypto';
import type { AgentSession } from './types.js';

const label = new TextEncoder().encode('macula session tag');
const tagBytes = 16;

/**
 * What a process of an agent is known by to those who open tunnels to it: the same at each relay it has a session with, so that who
 * passes it over at one isn't given it by another. Nobody can tell whose it is without the boot id, or make one of another identity.
 */
export function tagOf({
  realm,
  identity,
  bootId,
}: Pick<AgentSession, 'realm' | 'identity' | 'bootId'>): Uint8Array {
  const parts = [identity, bootId, new TextEncoder().encode(realm)];
  return hmacSha256(label, parts).slice(0, tagBytes);
}
