import { createHash } from 'node:crypto';
import { identityId } from '@macula/crypto';
import type { CachedPeer } from '../seeds/peer-cache-file.js';

/** A relay of a peer cache, the same id and URL for the same number. */
export function peerAt(index: number, seenMs: number): CachedPeer {
  const id = identityId(createHash('sha256').update(`peer ${index}`).digest());
  return { id, url: `https://relay-${index}.example.org:4433`, seenMs };
}
