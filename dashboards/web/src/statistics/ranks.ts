// Tests that look at ranks alone, as benchmarks/statistics/ranks.cc.

import { erfc } from './special.ts';

const MOST_FOR_EXACT = 50;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

// Twice the rank of each value, from 2 on: whole also where equal values share their ranks.
function doubledRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    let below = 0;
    let equal = 0;
    for (const other of values) {
      if (other < value) below++;
      else if (other === value) equal++;
    }
    return 2 * below + equal + 1;
  });
}

// Two-sided, of `ways[sum]` ways to get each sum.
function tailOf(ways: Float64Array, at: number): number {
  let all = 0;
  let below = 0;
  let above = 0;
  ways.forEach((count, i) => {
    all += count;
    if (i <= at) below += count;
    if (i >= at) above += count;
  });
  return Math.min(1, (2 * Math.min(below, above)) / all);
}

function normalTail(at: number, mean: number, variance: number): number {
  if (variance <= 0) return 1;
  return erfc(Math.max(0, Math.abs(at - mean) - 0.5) / Math.sqrt(2 * variance));
}

// Wilcoxon's signed-rank test that `values` lie around 0; exact for few.
export function signedRankP(values: readonly number[]): number {
  const others = values.filter((value) => value !== 0);
  const ranks = doubledRanks(others.map(Math.abs));
  const at = sum(ranks.filter((_, i) => (others[i] ?? 0) > 0));
  const most = sum(ranks);
  if (ranks.length > MOST_FOR_EXACT) {
    return normalTail(at, most / 2, sum(ranks.map((rank) => rank * rank)) / 4);
  }
  const ways = new Float64Array(most + 1);
  ways[0] = 1;
  for (const rank of ranks) {
    for (let i = most; i >= rank; i--) ways[i] = (ways[i] ?? 0) + (ways[i - rank] ?? 0);
  }
  return tailOf(ways, at);
}

// The Mann-Whitney test that both lie around the same place; exact for few.
export function rankSumP(left: readonly number[], right: readonly number[]): number {
  const all = [...left, ...right];
  const ranks = doubledRanks(all);
  const at = sum(ranks.slice(0, left.length));
  const most = sum(ranks);
  if (all.length > MOST_FOR_EXACT) return rankSumPOfMany(left, right);
  const ways = Array.from({ length: left.length + 1 }, () => new Float64Array(most + 1));
  const none = ways[0];
  if (none) none[0] = 1;
  for (const rank of ranks) {
    for (let count = left.length; count > 0; count--) {
      const [more, fewer] = [ways[count], ways[count - 1]];
      if (!more || !fewer) continue;
      for (let i = most; i >= rank; i--) more[i] = (more[i] ?? 0) + (fewer[i - rank] ?? 0);
    }
  }
  return tailOf(ways[left.length] ?? new Float64Array(), at);
}

// The same by the normal distribution: faster, and cautious where there are few.
export function rankSumPOfMany(left: readonly number[], right: readonly number[]): number {
  const ranks = doubledRanks([...left, ...right]);
  const most = sum(ranks);
  const mean = most / ranks.length;
  const squares = sum(ranks.map((rank) => (rank - mean) ** 2));
  const share = left.length / ranks.length;
  const variance = (share * right.length * squares) / (ranks.length - 1);
  return normalTail(sum(ranks.slice(0, left.length)), most * share, variance);
}
