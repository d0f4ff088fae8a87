import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Fault, faultNames } from './broken-relay/faults.js';
import { local } from './drivers/local.js';
import { loadScenario } from './load-scenarios.js';
import { runScenario, type ScenarioResult } from './run-scenario.js';

const prefix = 'broken-relay-test';
const seed = 11;

/** The scenario that is there for a fault, why it fails then, and what the relays say they did. */
const caughtBy: Readonly<Record<Fault, { scenario: string; reason: RegExp; done: RegExp }>> = {
  drop: {
    scenario: 'many-calls',
    reason: /\{macula,bad_tag\}/,
    done: /^broken on purpose: drop of record \d+/m,
  },
  swap: {
    scenario: 'many-calls',
    reason: /\{macula,bad_tag\}/,
    done: /^broken on purpose: swap of record \d+/m,
  },
  forget: {
    scenario: 'latecomers',
    reason: /gave +\{pang,not_found\}/,
    done: /^broken on purpose: forgot idle-\d@/m,
  },
};

async function run(scenario: string, fault?: Fault): Promise<ScenarioResult> {
  const options = { prefix, seed, log: () => {}, ...(fault && { broken: { fault, seed } }) };
  const started = await local.start(options);
  try {
    const definition = await loadScenario(scenario);
    return await runScenario(
      { ...started, name: 'local', prefix, fault, seed },
      [await started.otp()],
      scenario,
      definition,
    );
  } finally {
    await started.stop();
  }
}

describe('relays that are broken on purpose are caught', () => {
  it.each(faultNames)('%s', async (fault) => {
    const { scenario, reason, done } = caughtBy[fault];
    const result = await run(scenario, fault);
    expect(result).toMatchObject({ status: 'failed', reason: expect.stringMatching(reason) });
    const transcript = readFileSync(result.log!, 'utf8');
    expect(transcript).toMatch(done);
    expect(transcript.match(/^--- relay-\d /gm)).toEqual(['--- relay-1 ', '--- relay-2 ']);
  });

  it.each([...new Set(faultNames.map((fault) => caughtBy[fault].scenario))])(
    '%s passes where the relays are whole',
    async (scenario) => {
      expect(await run(scenario)).toMatchObject({ status: 'passed' });
    },
  );
});
