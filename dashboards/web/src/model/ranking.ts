// Which allocator is best for a person's own mix of workloads: the weighted geometric mean of the
// ratios, over rows that a person weighs.

import { bootstrapMedian95 } from '../statistics/statistics.ts';
import { pairByRound, type Table, type TableRow } from './table.ts';
import type { RunModel } from './run.ts';

// By family and by workload, 1 where nothing is said; 0 leaves out.
export interface Weights {
  families: ReadonlyMap<string, number>;
  workloads: ReadonlyMap<string, number>;
}

export const WEIGHT_MOST = 10;

export interface Ranked {
  allocator: string;
  kind: string;
  mean: number; // ratio to the baseline
  low: number | null; // of its 95 % interval over the rounds
  high: number | null;
  rows: number; // of how many rows
  rowsOfAll: number; // that the baseline has
}

export function weightOf(weights: Weights, row: TableRow): number {
  const { name, family } = row.row.workload;
  return (weights.families.get(family) ?? 1) * (weights.workloads.get(name) ?? 1);
}

// A workload counts once, however many thread counts it was run with.
function rowWeights(table: Table, weights: Weights): Map<TableRow, number> {
  const rowsOfWorkload = new Map<string, number>();
  for (const { row } of table.rows) {
    rowsOfWorkload.set(row.workload.name, (rowsOfWorkload.get(row.workload.name) ?? 0) + 1);
  }
  const result = new Map<TableRow, number>();
  for (const row of table.rows) {
    const share = rowsOfWorkload.get(row.row.workload.name) ?? 1;
    const weight = weightOf(weights, row) / share;
    if (weight > 0) result.set(row, weight);
  }
  return result;
}

export function rank(run: RunModel, table: Table, weights: Weights): Ranked[] {
  const weighed = rowWeights(table, weights);
  const rowsOfAll = [...weighed.keys()].filter((row) => row.cells.has(table.baseline)).length;
  const ranked: Ranked[] = [];
  for (const { name, kind } of run.allocators) {
    let sum = 0;
    let total = 0;
    let rows = 0;
    for (const [row, weight] of weighed) {
      const ratio = name === table.baseline ? 1 : row.cells.get(name)?.ratio;
      if (ratio == null || ratio <= 0 || !row.cells.has(name)) continue;
      sum += weight * Math.log(ratio);
      total += weight;
      rows++;
    }
    if (total === 0) continue;
    const interval = name === table.baseline ? null : intervalOf(run, table, weighed, name);
    const mean = Math.exp(sum / total);
    const { low, high } = interval ?? { low: null, high: null };
    ranked.push({ allocator: name, kind, mean, low, high, rows, rowsOfAll });
  }
  return ranked.sort((a, b) => a.mean - b.mean);
}

// Each round is one answer to the question; what the rounds disagree on is the interval. Only
// rounds that have every row count.
function intervalOf(
  run: RunModel,
  table: Table,
  weighed: ReadonlyMap<TableRow, number>,
  allocator: string,
): { low: number; high: number } | null {
  const rounds = new Map<number, { sum: number; total: number; rows: number }>();
  let rows = 0;
  for (const [row, weight] of weighed) {
    const cell = row.cells.get(allocator)?.cell;
    const reference = row.cells.get(table.baseline)?.cell;
    if (!cell || !reference) continue;
    rows++;
    for (const repetition of run.repetitionsOf(cell)) {
      const others = run
        .repetitionsOf(reference)
        .filter((other) => other.round === repetition.round);
      const pair = pairByRound([repetition], others, table.metric);
      const [value, other] = [pair.measured[0], pair.baseline[0]];
      if (value === undefined || other === undefined) continue;
      const round = rounds.get(repetition.round) ?? { sum: 0, total: 0, rows: 0 };
      round.sum += weight * Math.log(value / other);
      round.total += weight;
      round.rows++;
      rounds.set(repetition.round, round);
    }
  }
  const means = [...rounds.values()]
    .filter((round) => round.rows === rows)
    .map((round) => Math.exp(round.sum / round.total));
  if (means.length === 0) return null;
  return bootstrapMedian95(means, run.result.context.seed);
}
