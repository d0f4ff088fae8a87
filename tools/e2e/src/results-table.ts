import type { ScenarioResult } from './run-scenario.js';

/** What was run as a table: a row per scenario, a column per choice of releases, seconds where it passed. */
export function resultsTable(results: readonly ScenarioResult[]): string {
  const scenarios = [...new Set(results.map(({ scenario }) => scenario))].sort();
  const choices = [...new Set(results.map(({ otp }) => otp))].sort(
    (one, other) => one.length - other.length || one.localeCompare(other),
  );
  const cell = (scenario: string, otp: string): string => {
    const result = results.find((candidate) => candidate.scenario === scenario && candidate.otp === otp);
    if (!result) return '';
    return result.status === 'passed' ? `${result.seconds.toFixed(1)} s` : words[result.status];
  };
  const rows = [
    ['scenario', ...choices.map((otp) => `OTP ${otp}`)],
    ...scenarios.map((scenario) => [scenario, ...choices.map((otp) => cell(scenario, otp))]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const words = { failed: 'FAILED', skipped: 'skipped' } as const;
