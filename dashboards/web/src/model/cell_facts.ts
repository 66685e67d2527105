// What the repetitions of one cell say beside its summary.

import type { Repetition } from '../generated/result.ts';
import type { Unit } from './metrics.ts';
import { median } from '../statistics/statistics.ts';

export const PERCENTILES = [
  { key: 'p50_ns', share: 0.5, text: 'p50' },
  { key: 'p90_ns', share: 0.9, text: 'p90' },
  { key: 'p99_ns', share: 0.99, text: 'p99' },
  { key: 'p99_9_ns', share: 0.999, text: 'p99.9' },
  { key: 'p99_99_ns', share: 0.9999, text: 'p99.99' },
] as const;

export interface LatencyPoint {
  call: 'malloc' | 'free';
  percentile: string;
  ns: number;
}

// The median over the rounds that timed calls.
export function latencyCurve(repetitions: readonly Repetition[]): LatencyPoint[] {
  const points: LatencyPoint[] = [];
  for (const call of ['malloc', 'free'] as const) {
    for (const { key, text } of PERCENTILES) {
      const values = repetitions
        .map((repetition) => repetition.latency?.[call]?.[key])
        .filter((value) => value !== undefined);
      if (values.length > 0) points.push({ call, percentile: text, ns: median(values) });
    }
  }
  return points;
}

export interface MemoryPoint {
  at: number; // what the axis says: see MemoryCurve.axis
  rss: number;
  live: number | null;
}

export interface MemoryCurve {
  axis: string;
  points: MemoryPoint[];
}

// Resident memory as it was read from outside, over the life of a process.
export function sampledMemory(repetitions: readonly Repetition[]): MemoryCurve | null {
  // One that did not wait to settle, if there is: the wait would be most of the picture.
  const sampled = repetitions.filter((it) => it.rss_samples && it.rss_samples.length > 0);
  const chosen = sampled.find((it) => it.settled_rss_bytes == null) ?? sampled[0];
  if (!chosen?.rss_samples) return null;
  const points = chosen.rss_samples.map(([at = 0, rss = 0]) => ({ at: at / 1e6, rss, live: null }));
  return { axis: 'ms since the start', points };
}

// Memory beside what the program held, where the workload tells that: over a trace's operations,
// or at moments that it chose.
export function heldMemory(repetitions: readonly Repetition[]): MemoryCurve | null {
  for (const { trace_samples: samples } of repetitions) {
    if (!samples || samples.length === 0) continue;
    const points = samples.map(([at = 0, live = 0, rss = 0]) => ({ at, rss, live }));
    return { axis: 'operations done', points };
  }
  const longest = Math.max(0, ...repetitions.map((it) => it.memory_points?.length ?? 0));
  if (longest === 0) return null;
  const points = Array.from({ length: longest }, (_, i) => {
    const those = repetitions.map((it) => it.memory_points?.[i]).filter((it) => it !== undefined);
    return {
      at: i + 1,
      rss: median(those.map((it) => it.rss_bytes)),
      live: median(those.map((it) => it.live_bytes)),
    };
  });
  return { axis: 'moments of the workload', points };
}

// The median of each system call, those called most first.
export function systemCalls(repetitions: readonly Repetition[]): Map<string, number> {
  const counts = new Map<string, number[]>();
  for (const { system_calls: calls } of repetitions) {
    for (const [name, count] of Object.entries(calls ?? {})) {
      counts.set(name, [...(counts.get(name) ?? []), count]);
    }
  }
  const medians = [...counts].map(([name, values]): [string, number] => [name, median(values)]);
  return new Map(medians.sort(([, a], [, b]) => b - a));
}

// Beside the metrics; a metric is one, too.
export interface Fact {
  id: string;
  title: string;
  unit: Unit;
  of: (repetition: Repetition) => number | null;
}

export const FACTS: readonly Fact[] = [
  {
    id: 'major_faults',
    title: 'Page faults from disk',
    unit: 'count',
    of: (it) => it.major_faults,
  },
  {
    id: 'involuntary_context_switches',
    title: 'Context switches, involuntary',
    unit: 'count',
    of: (it) => it.involuntary_context_switches,
  },
  { id: 'process_user_ns', title: 'CPU time, user', unit: 'ns', of: (it) => it.process_user_ns },
  {
    id: 'process_system_ns',
    title: 'CPU time, kernel',
    unit: 'ns',
    of: (it) => it.process_system_ns,
  },
  { id: 'process_wall_ns', title: 'From start to end', unit: 'ns', of: (it) => it.process_wall_ns },
  {
    id: 'live_peak_bytes',
    title: 'Held by the program at its peak',
    unit: 'bytes',
    of: (it) => it.live_peak_bytes,
  },
];

// The median of a fact, or null where no repetition knows it.
export function factOf(fact: Fact, repetitions: readonly Repetition[]): number | null {
  const values = repetitions.map((it) => fact.of(it)).filter((value) => value !== null);
  return values.length > 0 ? median(values) : null;
}
