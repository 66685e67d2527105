// Where results come from: the file that this page is in, or the service that sent it.

import type { Result } from '../generated/result.ts';
import type { Cells, History, Runs, RunSummary } from '../generated/service.ts';

export type { Cells, History, HistoryPoint, Runs, RunSummary } from '../generated/service.ts';

export interface HistoryQuestion {
  workload: string;
  threads: number;
  allocator: string;
  metric: string;
  host: string | null;
}

export interface Source {
  readonly kind: 'report' | 'service';
  // Newest first, some at a time; `before` is the `next` of what came last.
  runs(limit: number, before?: string): Promise<Runs>;
  // One of them, or null where there is none of that id.
  summary(id: string): Promise<RunSummary | null>;
  result(id: string): Promise<Result>;
  // The same, but its repetitions may be missing: much less to send and to read.
  digest(id: string): Promise<Result>;
  cells(): Promise<Cells>;
  history(question: HistoryQuestion): Promise<History>;
}

export function summarise(id: string, result: Result): RunSummary {
  const { context } = result;
  return {
    id,
    date: context.date,
    received: null,
    host_name: context.host_name,
    cpu_model: context.cpu_model,
    num_cpus: context.num_cpus,
    kernel: context.kernel,
    libc: context.libc,
    compiler: context.compiler,
    suite: context.suite,
    rounds: context.rounds,
    commit: context.commit,
    commit_is_modified: context.commit_is_modified,
    complete: context.complete,
    label: null,
    allocators: result.allocators.map((allocator) => allocator.name),
    workload_count: result.workloads.length,
    cell_count: result.cells.length,
    baseline_allocator: context.baseline_allocator,
  };
}
