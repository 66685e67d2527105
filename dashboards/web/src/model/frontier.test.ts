import { expect, test } from 'vitest';
import { frontier } from './frontier.ts';

test('only what no other beats in both is on the frontier', () => {
  const points = [
    { x: 2, y: 1 },
    { x: 1, y: 3 },
    { x: 1, y: 2 },
    { x: 3, y: 1 },
    { x: 2, y: 4 },
  ];
  expect(frontier(points)).toEqual([
    { x: 1, y: 2 },
    { x: 2, y: 1 },
  ]);
  expect(frontier([])).toEqual([]);
});
