// Is a difference more than chance? As benchmarks/statistics/comparison.cc, which says why these
// tests; the page decides with them where a result file does not already say.

import { rankSumP, signedRankP } from './ranks.ts';
import {
  bootstrapMedian95,
  bootstrapMedianRatio95,
  median,
  trimmedMean,
  type Interval,
  type Location,
} from './statistics.ts';
import { studentQuantile, studentTwoSidedP } from './student.ts';

export const LEVEL = 0.05;
const POWER = 0.8;

export type Verdict = 'less' | 'more' | 'cannot_tell';

export interface Comparison {
  ratio: number;
  interval: Interval | null; // null with too few values, then nothing is told
  logRatio: Location;
  p: number;
  rankP: number;
}

export interface Judgement {
  adjustedP: number;
  verdict: Verdict;
  smallestVisible: number | null; // the share that would have shown four times in five
}

const NOWHERE: Location = { mean: 0, standardError: 0, degrees: 1 };

function testOf(location: Location): number {
  // Without any noise every difference is real.
  if (location.standardError === 0) return location.mean === 0 ? 1 : 0;
  return studentTwoSidedP(location.mean / location.standardError, location.degrees);
}

// Welch's: the two may differ in noise and in number.
function difference(left: Location, right: Location): Location {
  const leftVariance = left.standardError ** 2;
  const rightVariance = right.standardError ** 2;
  const variance = leftVariance + rightVariance;
  const degrees =
    variance === 0
      ? left.degrees + right.degrees
      : variance ** 2 / (leftVariance ** 2 / left.degrees + rightVariance ** 2 / right.degrees);
  return { mean: left.mean - right.mean, standardError: Math.sqrt(variance), degrees };
}

// Values of the same rounds, side by side.
export function comparePaired(
  measured: readonly number[],
  baseline: readonly number[],
  seed: number,
): Comparison {
  const ratios = measured.map((value, i) => value / (baseline[i] ?? NaN));
  const interval = bootstrapMedian95(ratios, seed);
  const untold = { ratio: median(ratios), interval, logRatio: NOWHERE, p: 1, rankP: 1 };
  if (!interval) return untold;
  const logarithms = ratios.map(Math.log);
  const logRatio = trimmedMean(logarithms);
  return { ...untold, logRatio, p: testOf(logRatio), rankP: signedRankP(logarithms) };
}

// Values of two runs.
export function compareUnpaired(
  after: readonly number[],
  before: readonly number[],
  seed: number,
): Comparison {
  const interval = bootstrapMedianRatio95(after, before, seed);
  const ratio = median(after) / median(before);
  const untold = { ratio, interval, logRatio: NOWHERE, p: 1, rankP: 1 };
  if (!interval) return untold;
  const logRatio = difference(trimmedMean(after.map(Math.log)), trimmedMean(before.map(Math.log)));
  return { ...untold, logRatio, p: testOf(logRatio), rankP: rankSumP(after, before) };
}

// Benjamini and Hochberg's: of what is called different, few are wrong.
export function adjustForMany(pValues: readonly number[]): number[] {
  const order = pValues.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let least = 1;
  for (let rank = order.length; rank > 0; rank--) {
    const at = order[rank - 1];
    if (!at) continue;
    least = Math.min(least, (at.p * pValues.length) / rank);
    adjusted[at.i] = least;
  }
  return adjusted;
}

function verdictOf(comparison: Comparison, adjustedP: number): Verdict {
  const { interval, logRatio, rankP } = comparison;
  if (!interval || rankP > LEVEL || adjustedP > LEVEL) return 'cannot_tell';
  if (interval.high < 1 && logRatio.mean < 0) return 'less';
  if (interval.low > 1 && logRatio.mean > 0) return 'more';
  return 'cannot_tell';
}

function smallestVisible(logRatio: Location, level: number): number {
  const steps =
    studentQuantile(1 - level / 2, logRatio.degrees) + studentQuantile(POWER, logRatio.degrees);
  return Math.expm1(steps * logRatio.standardError);
}

// All comparisons of one table together.
export function judge(comparisons: readonly Comparison[]): Judgement[] {
  const told = comparisons.filter((comparison) => comparison.interval);
  const adjusted = adjustForMany(told.map((comparison) => comparison.p));
  // What a p-value had to be in this company; with one find more, that one's.
  const found = adjusted.filter((p) => p <= LEVEL).length;
  const level = (LEVEL * Math.min(found + 1, adjusted.length)) / Math.max(adjusted.length, 1);
  let next = 0;
  return comparisons.map((comparison) => {
    if (!comparison.interval) {
      return { adjustedP: 1, verdict: 'cannot_tell', smallestVisible: null };
    }
    const adjustedP = adjusted[next++] ?? 1;
    return {
      adjustedP,
      verdict: verdictOf(comparison, adjustedP),
      smallestVisible: smallestVisible(comparison.logRatio, level),
    };
  });
}
