import { describe, expect, it } from 'vitest';
import { reservedNamesMax, reservedNamesPerIdentityMax } from '../limits.js';
import { Reservations } from './reservations.js';

const of = (identityKey: string, untilMs = 100) => ({ identityKey, untilMs, sinceMs: 1 });

describe('names that are kept', () => {
  it('are 64 of one identity and realm, the oldest is given up, and others still have room', () => {
    const reservations = new Reservations();
    for (let name = 0; name < reservedNamesMax + 10; name++) reservations.add('r', `n${name}`, of('i'));
    expect(reservations.size).toBe(reservedNamesPerIdentityMax);
    expect(reservations.at('r', `n${reservedNamesMax + 9}`)).toBeDefined();
    expect(reservations.at('r', 'n0')).toBeUndefined();
    reservations.add('r', 'a', of('j'));
    reservations.add('s', 'a', of('i'));
    expect(reservations.size).toBe(reservedNamesPerIdentityMax + 2);
  });

  it('count no longer when they are over, deleted, or another identity has them', () => {
    const reservations = new Reservations();
    for (let name = 0; name < reservedNamesPerIdentityMax; name++)
      reservations.add('r', `n${name}`, of('i', 5));
    reservations.add('r', 'n0', of('j'));
    reservations.delete('r', 'n1');
    reservations.add('r', 'new', of('i'));
    reservations.add('r', 'newer', of('i'));
    expect(reservations.at('r', 'n2')).toBeDefined();
    reservations.handleTimeout(5);
    expect(reservations.size).toBe(3);
    for (let name = 0; name < reservedNamesPerIdentityMax; name++) reservations.add('r', `m${name}`, of('i'));
    expect(reservations.size).toBe(reservedNamesPerIdentityMax + 1);
  });
});
