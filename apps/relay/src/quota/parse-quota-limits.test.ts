import { expect, it } from 'vitest';
import { RelayError } from '../errors.js';
import { parseQuotaLimits } from './parse-quota-limits.js';
import { identityLimitsOf, quotaLimitsDefault, realmLimitsOf } from './quota-limits.js';

it('nothing is the defaults; what is given takes their place', () => {
  expect(parseQuotaLimits()).toEqual(quotaLimitsDefault);
  const limits = parseQuotaLimits({
    identity: { sessions: 5 },
    realm: { sessions: 50, bytesPerSecond: 1000 },
    address: { unfinishedHellos: 8, sessions: 9 },
    realms: { work: { realm: { sessions: 7 } } },
  });
  // It travels to the worker as JSON.
  expect(JSON.parse(JSON.stringify(limits))).toEqual(limits);
  expect(identityLimitsOf(limits, 'work')).toEqual({ ...quotaLimitsDefault.identity, sessions: 5 });
  expect(realmLimitsOf(limits, 'work')).toEqual({ sessions: 7, bytesPerSecond: 1000 });
  expect(realmLimitsOf(limits, 'lobby')).toEqual({ sessions: 50, bytesPerSecond: 1000 });
  expect(limits.address).toEqual({ unfinishedHellos: 8, failedHellosPerSecond: 10, sessions: 9 });
});

it.each([
  ['limits', null],
  ['limits', []],
  ['limits.node', { node: {} }],
  ['limits.identity', { identity: 5 }],
  ['limits.identity.sesions', { identity: { sesions: 5 } }],
  ['limits.identity.sessions', { identity: { sessions: 0 } }],
  ['limits.identity.sessions', { identity: { sessions: 1.5 } }],
  ['limits.identity.sessions', { identity: { sessions: '5' } }],
  ['limits.realm.unfinishedHellos', { realm: { unfinishedHellos: 5 } }],
  ['limits.realms', { realms: [] }],
  ['limits.realms[""]', { realms: { '': {} } }],
  ['limits.realms["work"].address', { realms: { work: { address: {} } } }],
  ['limits.realms["work"].realm.names', { realms: { work: { realm: { names: -1 } } } }],
])('%s of %j is wrong', (path, input) => {
  expect(() => parseQuotaLimits(input)).toThrow(RelayError);
  expect(() => parseQuotaLimits(input)).toThrow(`${path} `);
});
