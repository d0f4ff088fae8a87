import { pathToFileURL } from 'node:url';
import { Mesh } from '@macula/client';
import { identityFromSeed } from '@macula/crypto';
import { createTlsTransport, parseRelayUrl } from '@macula/transport';
import { wireMajor, wireMinor } from '@macula/wire';
import { pinnedBundle } from '../harness/paths.js';

/** What tests use of a client, this checkout's or the pinned one: `tools/e2e/pinned/entry.mjs` exports it. */
export interface ClientLibrary {
  readonly Mesh: typeof Mesh;
  readonly identityFromSeed: typeof identityFromSeed;
  readonly createTlsTransport: typeof createTlsTransport;
  readonly parseRelayUrl: typeof parseRelayUrl;
  readonly wireMajor: number;
  readonly wireMinor: number;
}

/** Whose code a party runs: this checkout's, or that of the previous wire version. */
export type Version = 'new' | 'old';

/** The client of a version. */
export async function clientLibrary(version: Version): Promise<ClientLibrary> {
  if (version === 'old') return import(/* @vite-ignore */ pathToFileURL(pinnedBundle).href);
  return { Mesh, identityFromSeed, createTlsTransport, parseRelayUrl, wireMajor, wireMinor };
}
