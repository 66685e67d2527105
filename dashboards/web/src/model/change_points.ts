// Since when? Where a series of runs changed its level by more than chance.
//
// At each place the runs before it are compared with those after, by the rank-sum test: over the
// nearest few, which see a level that did not last, and over more, which see a small step. The
// most certain place divides the series, and both parts are searched again.

import { rankSumPOfMany } from '../statistics/ranks.ts';
import { median } from '../statistics/statistics.ts';

export interface ChangePoint {
  at: number; // the first index of the new level
  before: number; // medians of the levels on both sides
  after: number;
}

const LEVEL = 0.05;
// Runs looked at on each side.
const REACHES = [12, 25] as const;
const LEAST_SIDE = 4; // fewer could not be told from chance anyhow
// The test points to a place or its neighbour; the least deviation from both levels decides.
const REFINED = 6;
// A change smaller than this is not worth a mark, however sure.
const LEAST_CHANGE = 0.02;

function around(
  values: readonly number[],
  at: number,
  from: number,
  to: number,
  reach: number,
): [number[], number[]] {
  return [values.slice(Math.max(from, at - reach), at), values.slice(at, Math.min(to, at + reach))];
}

const deviation = (values: readonly number[]): number => {
  const middle = median(values);
  return values.reduce((sum, value) => sum + Math.abs(value - middle), 0);
};

function refined(values: readonly number[], at: number, from: number, to: number): number {
  const first = Math.max(from, at - REFINED - LEAST_SIDE);
  const last = Math.min(to, at + REFINED + LEAST_SIDE);
  let best = at;
  let least = Infinity;
  for (let split = first + LEAST_SIDE; split <= last - LEAST_SIDE; split++) {
    const cost = deviation(values.slice(first, split)) + deviation(values.slice(split, last));
    if (cost < least) [best, least] = [split, cost];
  }
  return best;
}

function bestSplit(values: readonly number[], from: number, to: number): number | null {
  const splits = to - from - 2 * LEAST_SIDE + 1;
  let best: number | null = null;
  let least = LEVEL / (splits * REACHES.length); // Bonferroni: the best of so many tests
  for (let at = from + LEAST_SIDE; at <= to - LEAST_SIDE; at++) {
    for (const reach of REACHES) {
      const p = rankSumPOfMany(...around(values, at, from, to, reach));
      if (p < least) [best, least] = [at, p];
    }
  }
  return best === null ? null : refined(values, best, from, to);
}

// `values` are positive, oldest first.
export function changePoints(values: readonly number[]): ChangePoint[] {
  const splits: number[] = [];
  const search = (from: number, to: number): void => {
    const split = bestSplit(values, from, to);
    if (split === null) return;
    search(from, split);
    splits.push(split);
    search(split, to);
  };
  search(0, values.length);
  const bounds = [0, ...splits, values.length];
  return splits
    .map((at, i) => ({
      at,
      before: median(values.slice(bounds[i], at)),
      after: median(values.slice(at, bounds[i + 2])),
    }))
    .filter(({ before, after }) => Math.abs(after / before - 1) >= LEAST_CHANGE);
}

export interface Band {
  from: number; // indices, `to` not in it
  to: number;
  middle: number;
  low: number;
  high: number;
}

// For each level between change points the median, and how far single runs stray from it: a
// normal distribution's 95 % by the median of absolute deviations.
export function noiseBands(values: readonly number[], changes: readonly ChangePoint[]): Band[] {
  const bounds = [0, ...changes.map((change) => change.at), values.length];
  return bounds.slice(1).map((to, i) => {
    const from = bounds[i] ?? 0;
    const part = values.slice(from, to).map(Math.log);
    const middle = median(part);
    const spread = 1.96 * 1.4826 * median(part.map((value) => Math.abs(value - middle)));
    return {
      from,
      to,
      middle: Math.exp(middle),
      low: Math.exp(middle - spread),
      high: Math.exp(middle + spread),
    };
  });
}
