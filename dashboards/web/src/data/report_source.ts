// Results that are part of the page itself; nothing is fetched.

import type { Result } from '../generated/result.ts';
import { metricOf, METRICS } from '../model/metrics.ts';
import { RunModel } from '../model/run.ts';
import {
  summarise,
  type Cells,
  type History,
  type HistoryQuestion,
  type Runs,
  type RunSummary,
  type Source,
} from './source.ts';
import { checkedResult, InvalidData } from './validate.ts';

function embeddedResults(data: unknown): unknown[] {
  if (typeof data === 'object' && data !== null && 'runs' in data && Array.isArray(data.runs)) {
    return data.runs;
  }
  throw new InvalidData('what is embedded in this page is no list of runs');
}

interface Entry {
  summary: RunSummary;
  result: Result;
}

export class ReportSource implements Source {
  readonly kind = 'report';
  private readonly entries: Entry[]; // newest first
  private readonly models = new Map<string, RunModel>();

  // Ids are places in the list, so an address means the same wherever the file is opened.
  constructor(data: unknown) {
    this.entries = embeddedResults(data)
      .map((run, i) => {
        const result = checkedResult(run, `run ${i + 1} of this report`);
        return { summary: summarise(String(i + 1), result), result };
      })
      .sort((a, b) => Date.parse(b.summary.date) - Date.parse(a.summary.date));
  }

  async runs(limit: number, before?: string): Promise<Runs> {
    const start = before === undefined ? 0 : Number(before);
    const end = start + limit;
    return {
      runs: this.entries.slice(start, end).map((entry) => entry.summary),
      total: this.entries.length,
      next: end < this.entries.length ? String(end) : null,
    };
  }

  async summary(id: string): Promise<RunSummary | null> {
    return this.entries.find((entry) => entry.summary.id === id)?.summary ?? null;
  }

  async result(id: string): Promise<Result> {
    const found = this.entries.find((entry) => entry.summary.id === id);
    if (!found) throw new InvalidData(`this report has no run ${id}`);
    return found.result;
  }

  digest(id: string): Promise<Result> {
    return this.result(id);
  }

  async cells(): Promise<Cells> {
    const threadsOf = new Map<string, Set<number>>();
    const allocators = new Set<string>();
    const hosts = new Set<string | null>();
    for (const { result } of this.entries) {
      hosts.add(result.context.host_name);
      for (const cell of result.cells) {
        if (cell.status !== 'ok') continue;
        allocators.add(cell.allocator);
        const threads = threadsOf.get(cell.workload) ?? new Set();
        threadsOf.set(cell.workload, threads.add(cell.threads));
      }
    }
    return {
      workloads: [...threadsOf].map(([name, threads]) => ({
        name,
        threads: [...threads].sort((a, b) => a - b),
      })),
      allocators: [...allocators],
      metrics: METRICS.map((metric) => metric.id),
      hosts: [...hosts],
    };
  }

  async history(question: HistoryQuestion): Promise<History> {
    const metric = metricOf(question.metric);
    const points: History['points'] = [];
    for (const { summary, result } of [...this.entries].reverse()) {
      if (question.host !== null && summary.host_name !== question.host) continue;
      const model = this.models.get(summary.id) ?? new RunModel(result);
      this.models.set(summary.id, model);
      const cell = model.cell(question.allocator, question.workload, question.threads);
      const value = cell?.[metric.id];
      if (!value) continue;
      const { median, ratio, ratio_low, ratio_high, unit } = value;
      const { id: run, date, commit, label, host_name } = summary;
      points.push({
        run,
        date,
        commit,
        label,
        median,
        ratio,
        ratio_low,
        ratio_high,
        unit,
        host_name,
      });
    }
    return { points };
  }
}
