import { expect, test } from 'vitest';
import { address, formatNumbers, parseNumbers, parseRoute } from './route.ts';

test('an address says the view and its choices, and is read back', () => {
  const hash = address('cell', { workload: 'threaded/pairs', threads: '2', metric: undefined });
  expect(hash).toBe('#/cell?workload=threaded/pairs&threads=2');
  expect(parseRoute(hash)).toEqual({
    view: 'cell',
    parameters: { workload: 'threaded/pairs', threads: '2' },
  });
});

test('anything may stand in a choice', () => {
  const choices = { baseline: '<b>&=?#%+ "', run: 'ü' };
  expect(parseRoute(address('cost', choices)).parameters).toEqual(choices);
});

test('what is no view is the first one', () => {
  expect(parseRoute('').view).toBe('matrix');
  expect(parseRoute('#/toString').view).toBe('matrix');
  expect(parseRoute('#/../etc').view).toBe('matrix');
});

test('weights in an address', () => {
  const numbers = parseNumbers('threaded:2,micro/pair:0.5,bad,worse:x,worst:-1');
  expect([...numbers]).toEqual([
    ['threaded', 2],
    ['micro/pair', 0.5],
  ]);
  expect(formatNumbers(numbers)).toBe('threaded:2,micro/pair:0.5');
  expect(formatNumbers(new Map())).toBeUndefined();
});
