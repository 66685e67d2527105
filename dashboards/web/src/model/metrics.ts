// What is measured, in the order in which the page offers it. Less is better for all of them.

import type { Cell, Metric as Measured, Repetition } from '../generated/result.ts';

export type Unit = 'ns' | 'bytes' | 'count' | 'times';

// The metrics that a result file summarises itself.
export type CellKey = {
  [Key in keyof Cell]-?: Measured extends Cell[Key] ? Key : never;
}[keyof Cell];

export interface Metric {
  id: CellKey; // in addresses too; the cells of an older matrix may lack it
  title: string;
  short: string;
  unit: Unit;
  explains?: true; // others, and is no reason to call an allocator better
  explanation: string;
  of(repetition: Repetition): number | null;
}

type Call = 'malloc' | 'free';
type Quantile = 'p50_ns' | 'p99_9_ns';

const latency =
  (call: Call, quantile: Quantile) =>
  (repetition: Repetition): number | null =>
    repetition.latency?.[call]?.[quantile] ?? null;

// As benchmarks/harness/summary.cc: below this the process itself is more than what it holds.
const LIVE_PEAK_LEAST = 2 << 20;

function fragmentation(
  { live_peak_bytes: peak, start_rss_bytes: start }: Repetition,
  resident: number | null,
  live: number | null,
): number | null {
  if (peak === null || peak < LIVE_PEAK_LEAST || start === null) return null;
  if (resident === null || live === null || live <= 0) return null;
  return (resident - start) / live;
}

export const METRICS: readonly Metric[] = [
  {
    id: 'time',
    title: 'Time per operation',
    short: 'Time',
    unit: 'ns',
    explanation: 'Wall time of one operation: a block handed out and given back, or resized.',
    of: (repetition) => repetition.work_wall_ns / repetition.iterations,
  },
  {
    id: 'cpu_time',
    title: 'CPU time per operation',
    short: 'CPU time',
    unit: 'ns',
    explanation: 'Of all threads. Less noisy than time where other programs run.',
    of: (repetition) => repetition.work_cpu_ns / repetition.iterations,
  },
  {
    id: 'peak_rss',
    title: 'Peak memory',
    short: 'Peak memory',
    unit: 'bytes',
    explanation: 'Most memory that was resident (RSS) at one time.',
    of: (repetition) => repetition.peak_rss_bytes,
  },
  {
    id: 'mean_rss',
    title: 'Memory over time, mean',
    short: 'Mean memory',
    unit: 'bytes',
    explanation: 'Resident on average over the life of the process.',
    of: (repetition) =>
      repetition.settled_rss_bytes == null ? (repetition.mean_rss_bytes ?? null) : null,
  },
  {
    id: 'peak_fragmentation',
    title: 'Fragmentation at the peak',
    short: 'Fragmentation',
    unit: 'times',
    explanation:
      'Resident memory for each byte that the program held at its peak, of programs that held 2 MiB or more. 1 wastes nothing.',
    of: (repetition) =>
      fragmentation(repetition, repetition.peak_rss_bytes, repetition.live_peak_bytes),
  },
  {
    id: 'end_fragmentation',
    title: 'Fragmentation after most was freed',
    short: 'After free, share',
    unit: 'times',
    explanation: 'The same at once after most of the peak was given back.',
    of: (repetition) =>
      fragmentation(repetition, repetition.trough_rss_bytes, repetition.trough_live_bytes),
  },
  {
    id: 'trough_rss',
    title: 'Memory after most was freed',
    short: 'After free',
    unit: 'bytes',
    explanation: 'Resident at once after most of the peak was given back.',
    of: (repetition) => repetition.trough_rss_bytes,
  },
  {
    id: 'settled_rss',
    title: 'Memory after most was freed, settled',
    short: 'Settled',
    unit: 'bytes',
    explanation: 'The same 1.5 s and a few thousand light calls later.',
    of: (repetition) => repetition.settled_rss_bytes ?? null,
  },
  {
    id: 'end_rss',
    title: 'Memory at the end',
    short: 'At the end',
    unit: 'bytes',
    explanation: 'Resident after everything was freed, in the rounds that waited for it to settle.',
    of: (repetition) => (repetition.settled_rss_bytes == null ? null : repetition.end_rss_bytes),
  },
  {
    id: 'malloc_p50',
    title: 'Latency of malloc, median',
    short: 'malloc p50',
    unit: 'ns',
    explanation: 'Half of all calls that hand a block out took no longer.',
    of: latency('malloc', 'p50_ns'),
  },
  {
    id: 'malloc_p99_9',
    title: 'Latency of malloc, p99.9',
    short: 'malloc p99.9',
    unit: 'ns',
    explanation: 'One call in a thousand that hands a block out took longer.',
    of: latency('malloc', 'p99_9_ns'),
  },
  {
    id: 'free_p50',
    title: 'Latency of free, median',
    short: 'free p50',
    unit: 'ns',
    explanation: 'Half of all calls that give a block back took no longer.',
    of: latency('free', 'p50_ns'),
  },
  {
    id: 'free_p99_9',
    title: 'Latency of free, p99.9',
    short: 'free p99.9',
    unit: 'ns',
    explanation: 'One call in a thousand that gives a block back took longer.',
    of: latency('free', 'p99_9_ns'),
  },
  {
    id: 'page_faults',
    title: 'Page faults',
    short: 'Page faults',
    unit: 'count',
    explains: true,
    explanation: 'How often the kernel had to give the process a page, in one repetition.',
    of: (repetition) => repetition.minor_faults + repetition.major_faults,
  },
  {
    id: 'system_calls',
    title: 'System calls',
    short: 'System calls',
    unit: 'count',
    explains: true,
    explanation: 'Of all names, in one repetition of a process of its own.',
    of: ({ system_calls: calls }) =>
      calls ? Object.values(calls).reduce((sum, count) => sum + count, 0) : null,
  },
  {
    id: 'context_switches',
    title: 'Context switches',
    short: 'Switches',
    unit: 'count',
    explains: true,
    explanation: 'How often the process gave up a processor, by waiting or not.',
    of: (repetition) =>
      repetition.voluntary_context_switches + repetition.involuntary_context_switches,
  },
  {
    id: 'instructions',
    title: 'Instructions',
    short: 'Instructions',
    unit: 'count',
    explains: true,
    explanation: 'In user mode, in one repetition, where the machine counts them.',
    of: (repetition) => repetition.instructions ?? null,
  },
  {
    id: 'cycles',
    title: 'Cycles',
    short: 'Cycles',
    unit: 'count',
    explains: true,
    explanation: 'Of processors in user mode, in one repetition, where the machine counts them.',
    of: (repetition) => repetition.cycles ?? null,
  },
];

// The metric of that id, or else time, which every result has.
export function metricOf(id: string | undefined): Metric {
  const found = METRICS.find((metric) => metric.id === id) ?? METRICS[0];
  if (!found) throw new Error('no metrics');
  return found;
}
