import { readdirSync } from 'node:fs';
import type { Scenario } from './scenario.js';

const directory = new URL('./scenarios/', import.meta.url);

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
