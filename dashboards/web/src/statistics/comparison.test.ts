import { expect, test } from 'vitest';
import { adjustForMany, comparePaired, compareUnpaired, judge } from './comparison.ts';
import { rankSumP, signedRankP } from './ranks.ts';
import { bootstrapMedian95, median, trimmedMean } from './statistics.ts';

test('medians of odd and even counts', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('a trimmed mean leaves out one of fifteen on each side', () => {
  const values = Array.from({ length: 15 }, (_, i) => (i === 14 ? 1000 : i));
  expect(trimmedMean(values).mean).toBe(7);
  expect(trimmedMean(values).degrees).toBe(12);
});

test('exact rank tests', () => {
  // All six on one side: 2 of 2^6 ways.
  expect(signedRankP([1, 2, 3, 4, 5, 6])).toBeCloseTo(2 / 64, 12);
  // All of the left below all of the right: 2 of (6 over 3) ways.
  expect(rankSumP([1, 2, 3], [4, 5, 6])).toBeCloseTo(2 / 20, 12);
  expect(signedRankP([])).toBe(1);
});

test('rank tests of many values use the normal distribution', () => {
  const left = Array.from({ length: 40 }, (_, i) => i);
  expect(rankSumP(left, left)).toBeGreaterThan(0.9);
  expect(
    rankSumP(
      left,
      left.map((value) => value + 20),
    ),
  ).toBeLessThan(1e-4);
});

test('too few values have no interval, and nothing is told', () => {
  expect(bootstrapMedian95([1, 2, 3, 4, 5], 1)).toBeNull();
  const comparison = comparePaired([2, 2, 2], [1, 1, 1], 1);
  expect(comparison.ratio).toBe(2);
  expect(judge([comparison])[0]?.verdict).toBe('cannot_tell');
});

test('a clear difference is told, noise is not', () => {
  const before = [100, 101, 99, 100.5, 99.5, 100.2, 99.8, 100.1];
  const after = before.map((value) => value * 0.8);
  const noise = [...before].reverse();
  const judgements = judge([compareUnpaired(after, before, 1), compareUnpaired(noise, before, 1)]);
  expect(judgements.map((judgement) => judgement.verdict)).toEqual(['less', 'cannot_tell']);
  expect(judgements[0]?.smallestVisible).toBeLessThan(0.05);
});

test('p-values are adjusted as Benjamini and Hochberg say', () => {
  const adjusted = adjustForMany([0.01, 0.04, 0.03, 0.5]);
  expect(adjusted[0]).toBeCloseTo(0.04);
  expect(adjusted[1]).toBeCloseTo(0.04 * (4 / 3));
  expect(adjusted[2]).toBeCloseTo(0.04 * (4 / 3));
  expect(adjusted[3]).toBeCloseTo(0.5);
});
