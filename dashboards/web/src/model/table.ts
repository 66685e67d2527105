// The table of one metric: for every cell its value and its ratio to a baseline, and whether
// that is more than chance.

import { comparePaired, judge, type Comparison } from '../statistics/comparison.ts';
import { median } from '../statistics/statistics.ts';
import type { Metric } from './metrics.ts';
import type { Cell, Repetition, Row, RunModel } from './run.ts';

export type CellVerdict = 'less' | 'more' | 'cannot_tell' | 'baseline' | 'no_baseline';

export interface TableCell {
  cell: Cell;
  median: number;
  ratio: number | null;
  low: number | null; // of the 95 % interval
  high: number | null;
  verdict: CellVerdict;
  smallestVisible: number | null;
  best: boolean;
}

export interface TableRow {
  row: Row;
  cells: ReadonlyMap<string, TableCell>; // by allocator; none where it was not measured
}

export interface Table {
  metric: Metric;
  baseline: string;
  rows: readonly TableRow[]; // those with a value in any cell
  // Whether differences could be judged: a file without repetitions only knows its own baseline.
  judged: boolean;
}

// What the values of both have in the same rounds, side by side.
export function pairByRound(
  measured: readonly Repetition[],
  baseline: readonly Repetition[],
  metric: Metric,
): { measured: number[]; baseline: number[] } {
  const byRound = new Map<number, number>();
  for (const repetition of baseline) {
    const value = metric.of(repetition);
    if (value !== null) byRound.set(repetition.round, value);
  }
  const pairs = { measured: new Array<number>(), baseline: new Array<number>() };
  for (const repetition of measured) {
    const value = metric.of(repetition);
    const other = byRound.get(repetition.round);
    if (value === null || other === undefined || value <= 0 || other <= 0) continue;
    pairs.measured.push(value);
    pairs.baseline.push(other);
  }
  return pairs;
}

export function tableOf(run: RunModel, metric: Metric, baseline: string): Table {
  const summarised = run.result.cells.some((cell) => cell[metric.id] !== undefined);
  const own = summarised && baseline === run.result.context.baseline_allocator;
  const rows = own ? rowsOfFile(run, metric) : rowsByRepetitions(run, metric, baseline);
  const judged = own || run.hasRepetitions;
  markBest(run, rows);
  return { metric, baseline, rows: rows.filter((row) => row.cells.size > 0), judged };
}

type Building = { row: Row; cells: Map<string, TableCell> };

// The file's own baseline: its own words.
function rowsOfFile(run: RunModel, metric: Metric): Building[] {
  return run.rows.map((row) => {
    const cells = new Map<string, TableCell>();
    for (const [allocator, cell] of row.cells) {
      const value = cell[metric.id];
      if (!value) continue;
      const { median, ratio, ratio_low: low, ratio_high: high, verdict } = value;
      const smallestVisible = value.smallest_visible ?? null;
      cells.set(allocator, {
        cell,
        median,
        ratio,
        low,
        high,
        verdict,
        smallestVisible,
        best: false,
      });
    }
    return { row, cells };
  });
}

function valueOf(run: RunModel, cell: Cell, metric: Metric): number | null {
  if (cell.status !== 'ok') return null;
  const known = cell[metric.id];
  if (known) return known.median;
  const values = run
    .repetitionsOf(cell)
    .map((repetition) => metric.of(repetition))
    .filter((value) => value !== null);
  return values.length > 0 ? median(values) : null;
}

// Another baseline, or a metric that the file does not summarise: the same statistics over its
// repetitions. Without those, ratios of medians, of which nothing can be told.
export function rowsByRepetitions(run: RunModel, metric: Metric, baseline: string): Building[] {
  const compared: { table: TableCell; comparison: Comparison }[] = [];
  const rows = run.rows.map((row) => {
    const cells = new Map<string, TableCell>();
    const reference = row.cells.get(baseline);
    const referenceMedian = reference ? valueOf(run, reference, metric) : null;
    for (const [allocator, cell] of row.cells) {
      const middle = valueOf(run, cell, metric);
      if (middle === null) continue;
      const table: TableCell = {
        cell,
        median: middle,
        ratio: referenceMedian ? middle / referenceMedian : null,
        low: null,
        high: null,
        verdict: referenceMedian ? 'cannot_tell' : 'no_baseline',
        smallestVisible: null,
        best: false,
      };
      cells.set(allocator, table);
      if (allocator === baseline) {
        table.verdict = 'baseline';
        table.ratio = 1;
      } else if (reference) {
        const pairs = pairByRound(run.repetitionsOf(cell), run.repetitionsOf(reference), metric);
        if (pairs.measured.length === 0) continue;
        const comparison = comparePaired(pairs.measured, pairs.baseline, run.result.context.seed);
        table.ratio = comparison.ratio;
        compared.push({ table, comparison });
      }
    }
    return { row, cells };
  });
  const judgements = judge(compared.map(({ comparison }) => comparison));
  compared.forEach(({ table, comparison }, i) => {
    table.low = comparison.interval?.low ?? null;
    table.high = comparison.interval?.high ?? null;
    table.verdict = judgements[i]?.verdict ?? 'cannot_tell';
    table.smallestVisible = judgements[i]?.smallestVisible ?? null;
  });
  return rows;
}

// The least of each row, the floor left out.
function markBest(run: RunModel, rows: readonly Building[]): void {
  for (const { cells } of rows) {
    let least: TableCell | null = null;
    for (const [allocator, cell] of cells) {
      if (run.allocator(allocator)?.kind === 'floor') continue;
      if (!least || (cell.ratio ?? cell.median) < (least.ratio ?? least.median)) least = cell;
    }
    if (least && cells.size > 1) least.best = true;
  }
}
