import { expect, test } from 'vitest';
import { changePoints, noiseBands } from './change_points.ts';

// Noise without a random generator: 0.99 to 1.01, in no order.
const noisy = (count: number, level: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => level * (0.99 + (((i + from) * 7919) % 101) / 5050));

test('noise alone has no change point', () => {
  for (const from of [0, 11, 23, 51, 77]) expect(changePoints(noisy(60, 1, from))).toEqual([]);
  expect(changePoints([])).toEqual([]);
  expect(changePoints([1, 2, 3])).toEqual([]);
});

test('a step is found where it is', () => {
  const found = changePoints([...noisy(20, 1), ...noisy(20, 0.9, 20)]);
  expect(found).toHaveLength(1);
  expect(found[0]?.at).toBe(20);
  expect(found[0]?.before).toBeCloseTo(1, 1);
  expect(found[0]?.after).toBeCloseTo(0.9, 1);
});

test('two steps, of which the second goes back', () => {
  const values = [...noisy(15, 1), ...noisy(15, 1.2, 15), ...noisy(15, 1, 30)];
  expect(changePoints(values).map((change) => change.at)).toEqual([15, 30]);
});

test('one stray run is no change', () => {
  const values = noisy(40, 1);
  values[25] = 3;
  expect(changePoints(values)).toEqual([]);
});

test('ten thousand runs are searched in a moment', { timeout: 30_000 }, () => {
  const start = performance.now();
  const found = changePoints([...noisy(5000, 1), ...noisy(5000, 0.8)]);
  expect(found.map((change) => change.at)).toEqual([5000]);
  // Far less; the bound is for a busy machine.
  expect(performance.now() - start).toBeLessThan(15_000);
});

test('a band holds its level’s runs', () => {
  const values = [...noisy(20, 1), ...noisy(20, 0.9, 20)];
  const bands = noiseBands(values, changePoints(values));
  expect(bands.map(({ from, to }) => [from, to])).toEqual([
    [0, 20],
    [20, 40],
  ]);
  const [first] = bands;
  expect(first?.low).toBeLessThan(0.991);
  expect(first?.high).toBeGreaterThan(1.009);
});
