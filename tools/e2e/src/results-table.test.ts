import { expect, test } from 'vitest';
import { resultsTable } from './results-table.js';

test('a row per scenario, a column per choice of releases', () => {
  const result = (
    scenario: string,
    otp: string,
    status: 'passed' | 'failed' | 'skipped',
    seconds = 1.25,
  ) => ({
    ...{ scenario, otp, status, seconds, figures: {} },
  });
  const table = resultsTable([
    result('rpc', '25', 'passed'),
    result('pg', '25+27', 'skipped'),
    result('pg', '25', 'passed', 12),
    result('rpc', '27', 'failed'),
  ]);
  expect(table.split('\n')).toEqual([
    'scenario  OTP 25  OTP 27  OTP 25+27',
    'pg        12.0 s            skipped',
    'rpc        1.3 s  FAILED',
  ]);
});
