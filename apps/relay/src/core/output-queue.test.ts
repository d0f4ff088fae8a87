import { expect, it } from 'vitest';
import { OutputQueue } from './output-queue.js';

it('gives everything in the order in which it came, also when more comes in between', () => {
  const queue = new OutputQueue<number>();
  const taken: number[] = [];
  expect(queue.shift()).toBeUndefined();
  let next = 0;
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 300; count++) queue.push(next++);
    for (let count = 0; count < 200; count++) taken.push(queue.shift()!);
  }
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) taken.push(item);
  expect(taken).toEqual(Array.from({ length: next }, (_, index) => index));
  queue.push(7);
  expect([queue.shift(), queue.shift()]).toEqual([7, undefined]);
});
