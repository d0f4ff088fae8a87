import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Scenario } from './scenario.js';

/** MACULA_E2E_SCENARIOS names another directory: the tests of the command have scenarios of their own. */
const { MACULA_E2E_SCENARIOS: other } = process.env;
const directory = other ? pathToFileURL(`${other}/`) : new URL('./scenarios/', import.meta.url);

/** Names of all scenarios: those of their files. */
export const scenarioNames: readonly string[] = readdirSync(directory)
  .filter((file) => /^[a-z0-9-]+\.(js|ts)$/.test(file))
  .map((file) => file.replace(/\.(js|ts)$/, ''))
  .sort();

/** The scenario of a file. */
export async function loadScenario(name: string): Promise<Scenario> {
  const file = readdirSync(directory).find((candidate) => candidate.replace(/\.(js|ts)$/, '') === name);
  const { scenario } = (await import(new URL(file!, directory).href)) as { scenario: Scenario };
  return scenario;
}
