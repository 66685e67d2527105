// Two runs, cell by cell: what became better, what worse, what cannot be told. As the matrix's
// `compare` (benchmarks/harness/compare/compare.cc), so that both say the same.
//
// A machine is not always as fast. Where both runs have the same library as their baseline, each
// value is first divided by the baseline's of its own round.

import {
  compareUnpaired,
  judge,
  type Comparison,
  type Judgement,
} from '../statistics/comparison.ts';
import { median } from '../statistics/statistics.ts';
import { plural } from './format.ts';
import type { Metric } from './metrics.ts';
import { METRICS } from './metrics.ts';
import type { Cell, RunModel } from './run.ts';

const SEED = 1;

export interface CellDifference {
  before: Cell;
  after: Cell;
  beforeMedian: number;
  afterMedian: number;
  comparison: Comparison;
  judgement: Judgement;
}

export interface Broken {
  cell: Cell;
  message: string;
}

export interface Differences {
  cells: CellDifference[]; // of one metric, in the order of the second run
  broken: Broken[]; // ran before, and fail now
  notes: string[];
}

interface Pair {
  before: Cell;
  after: Cell;
  baselines: { before: Cell; after: Cell } | null;
}

// Why two runs cannot be compared at all, or null.
export function whyIncomparable(before: RunModel, after: RunModel): string | null {
  const machines = ({ result: { context } }: RunModel): string =>
    (context.machines ?? [context]).map((machine) => machine.host_name ?? 'unknown').join(', ');
  const [one, other] = [before.result.context, after.result.context];
  if (machines(before) !== machines(after) || one.cpu_model !== other.cpu_model) {
    return `They are of different machines (${machines(before)} and ${machines(after)}): a difference would say nothing of the allocators.`;
  }
  if (one.seed !== other.seed) {
    return `They did different work (seed ${one.seed} and ${other.seed}).`;
  }
  if (!before.hasRepetitions || !after.hasRepetitions) {
    return 'One of them was kept without its repetitions, from which a difference is judged.';
  }
  return null;
}

function sameBaseline(before: RunModel, after: RunModel): boolean {
  const one = before.allocator(before.result.context.baseline_allocator);
  const other = after.allocator(after.result.context.baseline_allocator);
  return (
    one !== null && one.name === other?.name && one.sha256 !== null && one.sha256 === other.sha256
  );
}

function baselineOf(run: RunModel, cell: Cell): Cell | null {
  const baseline = run.cell(run.result.context.baseline_allocator, cell.workload, cell.threads);
  return baseline?.status === 'ok' ? baseline : null;
}

// A cell's values, each divided by the baseline's of its round where there is one.
function valuesOf(run: RunModel, cell: Cell, baseline: Cell | null, metric: Metric): number[] {
  const byRound = new Map<number, number>();
  for (const repetition of baseline ? run.repetitionsOf(baseline) : []) {
    const value = metric.of(repetition);
    if (value !== null) byRound.set(repetition.round, value);
  }
  const values: number[] = [];
  for (const repetition of run.repetitionsOf(cell)) {
    const value = metric.of(repetition);
    if (value === null || value <= 0) continue;
    const other = byRound.get(repetition.round);
    if (baseline === null) values.push(value);
    else if (other !== undefined && other > 0) values.push(value / other);
  }
  return values;
}

function judgePairs(
  before: RunModel,
  after: RunModel,
  metric: Metric,
  pairs: readonly Pair[],
): CellDifference[] {
  const found: Omit<CellDifference, 'judgement'>[] = [];
  for (const pair of pairs) {
    const was = valuesOf(before, pair.before, pair.baselines?.before ?? null, metric);
    const is = valuesOf(after, pair.after, pair.baselines?.after ?? null, metric);
    if (was.length === 0 || is.length === 0) continue;
    found.push({
      before: pair.before,
      after: pair.after,
      beforeMedian: median(valuesOf(before, pair.before, null, metric)),
      afterMedian: median(valuesOf(after, pair.after, null, metric)),
      comparison: compareUnpaired(is, was, SEED),
    });
  }
  const judgements = judge(found.map((it) => it.comparison));
  return found.flatMap((it, i) => {
    const judgement = judgements[i];
    return judgement ? [{ ...it, judgement }] : [];
  });
}

// Cells that are in both runs and ran in both; and what is to say of the others.
class Pairing {
  readonly pairs: Pair[] = [];
  readonly baselinePairs: Pair[] = [];
  readonly broken: Broken[] = [];
  private otherWork = 0;
  private unmatched = 0;

  constructor(
    private readonly before: RunModel,
    private readonly after: RunModel,
    private readonly same: boolean,
  ) {
    for (const cell of after.result.cells) this.add(cell);
  }

  notes(): string[] {
    const notes: string[] = [];
    if (this.otherWork > 0)
      notes.push(`${plural(this.otherWork, 'cell')} left out: their work is another.`);
    if (this.unmatched > 0) notes.push(`${plural(this.unmatched, 'cell')} only in the second run.`);
    return notes;
  }

  private add(cell: Cell): void {
    const earlier = this.before.cell(cell.allocator, cell.workload, cell.threads);
    if (!earlier) {
      this.unmatched++;
      return;
    }
    if (earlier.status !== 'ok') return;
    if (cell.status !== 'ok') {
      if (cell.status !== 'skipped')
        this.broken.push({ cell, message: cell.message ?? cell.status });
      return;
    }
    const was = this.before.repetitionsOf(earlier)[0];
    const is = this.after.repetitionsOf(cell)[0];
    if (!was || !is) return;
    if (was.iterations !== is.iterations) {
      this.otherWork++;
      return;
    }
    const [baselineBefore, baselineAfter] = [
      baselineOf(this.before, earlier),
      baselineOf(this.after, cell),
    ];
    const baselines =
      this.same && baselineBefore && baselineAfter
        ? { before: baselineBefore, after: baselineAfter }
        : null;
    const isBaseline = this.same && cell.allocator === this.after.result.context.baseline_allocator;
    if (isBaseline) this.baselinePairs.push({ before: earlier, after: cell, baselines: null });
    else this.pairs.push({ before: earlier, after: cell, baselines });
  }
}

const CONTEXT_NOTED = [
  ['kernel', 'Kernel'],
  ['cpu_governor', 'CPU governor'],
  ['transparent_huge_pages', 'Transparent huge pages'],
  ['libc', 'C library'],
  ['compiler', 'Compiler'],
  ['compilation_mode', 'Compilation mode'],
  ['cell_flags', 'Flags'],
  ['allocator_environment', 'Environment'],
] as const;

// What does not forbid a comparison, but may explain a difference.
export function contextNotes(before: RunModel, after: RunModel): string[] {
  const [one, other] = [before.result.context, after.result.context];
  const said = (value: unknown): string =>
    typeof value === 'string' ? value : value === null ? 'unknown' : JSON.stringify(value);
  const notes = CONTEXT_NOTED.filter(([key]) => said(one[key]) !== said(other[key])).map(
    ([key, title]) => `${title}: ${said(one[key])} before, ${said(other[key])} after.`,
  );
  if (!one.complete) notes.push('The first run was interrupted.');
  if (!other.complete) notes.push('The second run was interrupted.');
  return notes;
}

// The baseline is the same library: what became of it is the machine's doing.
function baselineNote(before: RunModel, after: RunModel, pairs: readonly Pair[]): string[] {
  const [time] = METRICS;
  if (!time) return [];
  const cells = judgePairs(before, after, time, pairs);
  const moved = cells.filter((cell) => cell.judgement.verdict !== 'cannot_tell');
  if (moved.length === 0) return [];
  const middle = median(moved.map((cell) => cell.comparison.ratio)).toFixed(2);
  return [
    `${after.result.context.baseline_allocator}, the same library in both, took another time in ${moved.length} of ${cells.length} cells (${middle} times, in the middle): the machine was not the same, and only ratios to it are compared.`,
  ];
}

export function differencesOf(before: RunModel, after: RunModel, metric: Metric): Differences {
  const same = sameBaseline(before, after);
  const pairing = new Pairing(before, after, same);
  const notes = pairing.notes();
  if (same) notes.push(...baselineNote(before, after, pairing.baselinePairs));
  else {
    notes.push(
      'The baselines are different libraries: values are compared as they are, and a change of the machine shows as one of the allocators.',
    );
  }
  notes.push(...contextNotes(before, after));
  return { cells: judgePairs(before, after, metric, pairing.pairs), broken: pairing.broken, notes };
}
