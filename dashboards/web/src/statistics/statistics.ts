// Medians, means and intervals, as benchmarks/statistics/statistics.cc.

import { Mt19937_64 } from './mt19937_64.ts';
import { erfc } from './special.ts';
import { studentQuantile } from './student.ts';

export interface Interval {
  low: number;
  high: number;
}

// A mean, how sure it is, and the degrees of freedom of that.
export interface Location {
  mean: number;
  standardError: number;
  degrees: number;
}

export const FEWEST_FOR_INTERVAL = 6;
export const RESAMPLES = 4000;

const ascending = (a: number, b: number): number => a - b;

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return medianOfSorted(sorted);
}

function medianOfSorted(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

// Yuen's: the mean without the outermost, and the spread that goes with it.
export function trimmedMean(values: readonly number[]): Location {
  const trimmed = Math.floor(values.length / 15);
  const sorted = [...values].sort(ascending);
  const least = sorted[trimmed] ?? NaN;
  const most = sorted[sorted.length - 1 - trimmed] ?? NaN;
  const moved = sorted.map((value) => Math.min(most, Math.max(least, value)));
  const kept = moved.slice(trimmed, moved.length - trimmed);
  const allMean = moved.reduce((a, b) => a + b, 0) / moved.length;
  const squares = moved.reduce((sum, value) => sum + (value - allMean) ** 2, 0);
  return {
    mean: kept.reduce((a, b) => a + b, 0) / kept.length,
    standardError: Math.sqrt(squares / (kept.length * (kept.length - 1))),
    degrees: kept.length - 1,
  };
}

const normalDistribution = (z: number): number => 0.5 * erfc(-z / Math.SQRT2);

// The interval of resampled medians of `count` values, wider where they are few.
function expanded(medians: Float64Array, count: number): Interval {
  medians.sort();
  const tail = normalDistribution(
    -Math.sqrt(count / (count - 1)) * studentQuantile(0.975, count - 1),
  );
  const at = (share: number): number => medians[Math.round(share * (medians.length - 1))] ?? NaN;
  return { low: at(tail), high: at(1 - tail) };
}

// What is drawn depends on the counts alone, so it is drawn once for all cells of a table.
const drawnIndices = new Map<string, Uint16Array>();

function drawn(counts: readonly number[], seed: number): Uint16Array {
  const key = `${seed}:${counts.join()}`;
  const known = drawnIndices.get(key);
  if (known) return known;
  const random = new Mt19937_64(seed);
  const indices = new Uint16Array(RESAMPLES * counts.reduce((a, b) => a + b, 0));
  let next = 0;
  for (let i = 0; i < RESAMPLES; i++) {
    for (const count of counts) {
      for (let j = 0; j < count; j++) indices[next++] = random.below(count);
    }
  }
  drawnIndices.set(key, indices);
  return indices;
}

function resampledMedian(
  values: readonly number[],
  indices: Uint16Array,
  from: number,
  sample: Float64Array,
): number {
  for (let i = 0; i < sample.length; i++) sample[i] = values[indices[from + i] ?? 0] ?? NaN;
  return medianOfSorted(sample.sort());
}

// The 95 % interval of the median; null with too few values.
export function bootstrapMedian95(values: readonly number[], seed: number): Interval | null {
  if (values.length < FEWEST_FOR_INTERVAL) return null;
  const indices = drawn([values.length], seed);
  const sample = new Float64Array(values.length);
  const medians = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    medians[i] = resampledMedian(values, indices, i * values.length, sample);
  }
  return expanded(medians, values.length);
}

// The same of median(left) / median(right).
export function bootstrapMedianRatio95(
  left: readonly number[],
  right: readonly number[],
  seed: number,
): Interval | null {
  const fewer = Math.min(left.length, right.length);
  if (fewer < FEWEST_FOR_INTERVAL) return null;
  const indices = drawn([left.length, right.length], seed);
  const leftSample = new Float64Array(left.length);
  const rightSample = new Float64Array(right.length);
  const ratios = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    const from = i * (left.length + right.length);
    ratios[i] =
      resampledMedian(left, indices, from, leftSample) /
      resampledMedian(right, indices, from + left.length, rightSample);
  }
  return expanded(ratios, fewer);
}
