import { readFileSync } from 'node:fs';

/** Version of this package, as its package.json has it. */
export const agentVersion: string = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
