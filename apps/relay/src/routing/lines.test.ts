import { expect, it } from 'vitest';
import { Lines } from './lines.js';

it('a peering that was heard a moment ago is not pinged, another one is, once', () => {
  const lines = new Lines();
  lines.add(1, 0);
  expect(lines.use(1, 100)).toBe(false);
  expect(lines.use(1, 101)).toBe(true);
  expect(lines.use(1, 102)).toBe(false);
  expect(lines.pollTimeout()).toBe(1101);
});

it('is doubtful when its PING waits, silent after a second, and whole again with whatever is heard', () => {
  const lines = new Lines();
  lines.add(1, 0);
  lines.use(1, 1000);
  expect(lines.isDoubtful(1, 100, 1099)).toBe(false);
  expect(lines.isDoubtful(1, 100, 1100)).toBe(true);
  expect(lines.handleTimeout(1999)).toEqual([]);
  expect(lines.handleTimeout(2000)).toEqual([1]);
  expect(lines.handleTimeout(2001)).toEqual([]);
  expect(lines.isSilent(1)).toBe(true);
  expect(lines.pollTimeout()).toBeUndefined();
  lines.noteHeard(1, 2500);
  expect(lines.isSilent(1)).toBe(false);
  expect(lines.isDoubtful(1, 100, 2500)).toBe(false);
});

it('is pinged once a second while it is silent and wanted', () => {
  const lines = new Lines();
  lines.add(1, 0);
  lines.use(1, 1000);
  lines.handleTimeout(2000);
  expect(lines.use(1, 2000)).toBe(true);
  expect(lines.use(1, 2500)).toBe(false);
  expect(lines.use(1, 3000)).toBe(true);
});

it('is not blamed when this relay was late itself: what waits to be read is read first', () => {
  const lines = new Lines();
  lines.add(1, 0);
  lines.use(1, 1000);
  expect(lines.handleTimeout(5000)).toEqual([]);
  lines.noteHeard(1, 5001);
  expect(lines.handleTimeout(6000)).toEqual([]);
  lines.use(1, 7000);
  expect(lines.handleTimeout(9000)).toEqual([]);
  expect(lines.pollTimeout()).toBe(9100);
  expect(lines.handleTimeout(9100)).toEqual([1]);
});

it('a link that is none of a relay is never silent', () => {
  const lines = new Lines();
  expect(lines.use(2, 5000)).toBe(false);
  lines.add(2, 0);
  lines.delete(2);
  expect(lines.isSilent(2)).toBe(false);
});
