// One result file, indexed for the questions that the views ask.

import type { Allocator, Cell, Repetition, Result, Workload } from '../generated/result.ts';

import { METRICS } from './metrics.ts';

export type { Allocator, Cell, Repetition, Result, Workload } from '../generated/result.ts';

// The cells of one workload and thread count, on one machine.
export interface Row {
  workload: Workload;
  threads: number;
  machine: string | null;
  label: string; // "micro/pair", "threaded/pairs ×2"
  cells: ReadonlyMap<string, Cell>; // by allocator
}

const cellKey = (allocator: string, workload: string, threads: number): string =>
  JSON.stringify([allocator, workload, threads]);

export class RunModel {
  readonly rows: readonly Row[];
  readonly allocators: readonly Allocator[];
  readonly hasRepetitions: boolean;
  private readonly cells = new Map<string, Cell>();
  private readonly repetitions = new Map<string, Repetition[]>();

  constructor(readonly result: Result) {
    this.allocators = result.allocators;
    for (const cell of result.cells) {
      const key = cellKey(cell.allocator, cell.workload, cell.threads);
      if (!this.cells.has(key)) this.cells.set(key, cell);
    }
    for (const repetition of result.benchmarks) {
      const key = cellKey(repetition.allocator, repetition.workload, repetition.threads);
      const known = this.repetitions.get(key);
      if (known) known.push(repetition);
      else this.repetitions.set(key, [repetition]);
    }
    this.hasRepetitions = result.benchmarks.length > 0;
    this.rows = rowsOf(result);
  }

  // Whether its cells say all that a comparison with this baseline asks for.
  summarises(baseline: string): boolean {
    return (
      baseline === this.result.context.baseline_allocator &&
      METRICS.every(({ id }) => this.result.cells.some((cell) => cell[id] !== undefined))
    );
  }

  cell(allocator: string, workload: string, threads: number): Cell | null {
    return this.cells.get(cellKey(allocator, workload, threads)) ?? null;
  }

  repetitionsOf(cell: Cell): readonly Repetition[] {
    return this.repetitions.get(cellKey(cell.allocator, cell.workload, cell.threads)) ?? [];
  }

  allocator(name: string): Allocator | null {
    return this.allocators.find((allocator) => allocator.name === name) ?? null;
  }

  row(workload: string, threads: number): Row | null {
    return (
      this.rows.find((row) => row.workload.name === workload && row.threads === threads) ?? null
    );
  }
}

function rowsOf(result: Result): Row[] {
  const workloads = new Map(result.workloads.map((workload) => [workload.name, workload]));
  const cellsOfRow = new Map<string, { first: Cell; cells: Map<string, Cell> }>();
  const threadCounts = new Map<string, Set<number>>();
  for (const cell of result.cells) {
    const key = JSON.stringify([cell.workload, cell.threads, cell.machine ?? null]);
    const row = cellsOfRow.get(key) ?? { first: cell, cells: new Map<string, Cell>() };
    row.cells.set(cell.allocator, cell);
    cellsOfRow.set(key, row);
    const counts = threadCounts.get(cell.workload) ?? new Set();
    threadCounts.set(cell.workload, counts.add(cell.threads));
  }
  const rows: Row[] = [];
  for (const { first, cells } of cellsOfRow.values()) {
    const workload = workloads.get(first.workload);
    if (!workload) continue;
    const several = (threadCounts.get(first.workload)?.size ?? 0) > 1 || first.threads > 1;
    const label = several ? `${workload.name} ×${first.threads}` : workload.name;
    const { threads } = first;
    rows.push({ workload, threads, machine: first.machine ?? null, label, cells });
  }
  return rows;
}
