import { describe, expect, it } from 'vitest';
import { codeRemedy, codeSentence } from './codes.js';

describe('the sentence of a code', () => {
  it('keeps its remedy when the cause is known better', () => {
    expect(codeSentence('token_missing', 'none was given')).toBe(
      'none was given; get one from its operator and join with it',
    );
    expect(codeRemedy('token_missing')).toBe('get one from its operator and join with it');
  });

  it('is the cause alone where there is no remedy', () => {
    expect(codeRemedy('shutdown')).toBeUndefined();
    expect(codeSentence('shutdown', 'gone')).toBe('gone');
  });

  it.each(['realm_refused', 'not_a_relay', 'id_mismatch', 'replaced', 'channel_binding_mismatch'] as const)(
    'of %s says what to do',
    (code) => expect(codeRemedy(code)).toMatch(/\w{3}/),
  );
});
