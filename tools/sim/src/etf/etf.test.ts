import { systemOtp } from '@macula/otp-releases';
import { runsOf } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { runRoundTrip } from './round-trip.js';

const otp = systemOtp();

describe.skipIf(otp === undefined)('terms that go through a real emulator', () => {
  it('are the same when they are back, whoever made them, by their bytes and by their text', async () => {
    const terms = runsOf(process.env, 2_500);
    const { failures, ...counts } = await runRoundTrip({ otp: otp!, seed: 20_261_127, terms });
    expect(failures).toEqual([]);
    expect(counts).toMatchObject({ fromHere: terms, fromOtp: terms });
    expect(counts.textsRead).toBeGreaterThan(terms / 4);
    expect(counts.textsParsed).toBeGreaterThan(terms / 4);
  }, 120_000);
});
