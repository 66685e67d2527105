// The charts of a cell's page: each with the other allocators of the row in the background.

import { dot, gridY, line, text, tickX } from '@observablehq/plot';
import type { JSX } from 'preact';
import {
  heldMemory,
  latencyCurve,
  PERCENTILES,
  sampledMemory,
  type MemoryCurve,
} from '../model/cell_facts.ts';
import { formatValue } from '../model/format.ts';
import type { Metric } from '../model/metrics.ts';
import type { Repetition, Row, RunModel } from '../model/run.ts';
import { bootstrapMedian95, median } from '../statistics/statistics.ts';
import { lookOf } from '../ui/allocators.ts';
import { byteTicks, Chart, powersOfTen } from '../ui/chart.tsx';

interface CellChartProps {
  run: RunModel;
  row: Row;
  allocator: string;
  metric: Metric;
}

// With more, dots would hide the line.
const DOTS_MOST = 500;

interface Repeated {
  allocator: string;
  round: number;
  value: number;
}

interface Middle {
  allocator: string;
  median: number;
  low: number | null;
  high: number | null;
}

const emphasis = (chosen: string, item: { allocator: string }, others = 0.45): number =>
  item.allocator === chosen ? 1 : others;

// Every repetition as a dot; the median and its interval under them.
export function RepetitionsChart({
  run,
  row,
  allocator,
  metric,
}: CellChartProps): JSX.Element | null {
  const repeated: Repeated[] = [];
  const middles: Middle[] = [];
  for (const [name, cell] of row.cells) {
    const values: number[] = [];
    for (const repetition of run.repetitionsOf(cell)) {
      const value = metric.of(repetition);
      if (value === null) continue;
      values.push(value);
      repeated.push({ allocator: name, round: repetition.round, value });
    }
    const known = cell[metric.id];
    if (values.length === 0 && !known) continue;
    const interval = bootstrapMedian95(values, run.result.context.seed);
    middles.push({
      allocator: name,
      median: values.length > 0 ? median(values) : (known?.median ?? 0),
      low: interval?.low ?? null,
      high: interval?.high ?? null,
    });
  }
  if (middles.length === 0) return null;
  const colour = (item: { allocator: string }): string =>
    lookOf(run.allocators, item.allocator).colour;
  const names = middles.map((middle) => middle.allocator);
  const said = middles.map((it) => `${it.allocator} ${formatValue(it.median, metric.unit)}`);
  return (
    <Chart
      name="repetitions"
      title={`${metric.title}: every repetition`}
      label={`${metric.title}, medians of the repetitions: ${said.join(', ')}`}
      note="A dot is a repetition, the tick the median, the line its 95 % interval."
      draw={(width) => ({
        height: names.length * 34 + 40,
        marginLeft: 104,
        marginRight: 32,
        marginTop: 4,
        x: {
          label: null,
          grid: true,
          zero: false,
          nice: true,
          ticks: Math.max(3, width / 110),
          tickFormat: (value: number) => formatValue(value, metric.unit),
        },
        y: { label: null, domain: names, tickSize: 0, padding: 0.3 },
        marks: [
          tickX(middles, { x: 'median', y: 'allocator', stroke: colour, strokeWidth: 2.5 }),
          line(
            middles
              .filter((it) => it.low !== null)
              .flatMap((it) => [
                { ...it, x: it.low },
                { ...it, x: it.high },
              ]),
            { x: 'x', y: 'allocator', z: 'allocator', stroke: colour, strokeWidth: 1.5 },
          ),
          dot(repeated, {
            x: 'value',
            y: 'allocator',
            r: 3.5,
            fill: colour,
            fillOpacity: (it: Repeated) => emphasis(allocator, it),
            ariaLabel: (it: Repeated) => `${it.allocator}, round ${it.round}: ${it.value}`,
          }),
        ],
      })}
    />
  );
}

// Quantiles from the median to one call in ten thousand, each step ten times as rare.
export function LatencyChart({ run, row, allocator }: CellChartProps): JSX.Element | null {
  const curves = [...row.cells].flatMap(([name, cell]) =>
    latencyCurve(run.repetitionsOf(cell)).map((point) => ({ ...point, allocator: name })),
  );
  if (curves.length === 0) return null;
  type Point = (typeof curves)[number];
  const colour = (item: Point): string => lookOf(run.allocators, item.allocator).colour;
  const last = PERCENTILES[PERCENTILES.length - 1]?.text;
  const step = [...row.cells.values()]
    .flatMap((cell) => run.repetitionsOf(cell))
    .find((repetition) => repetition.latency)?.latency?.clock_step_ns;
  const chosen = curves.filter((point) => point.allocator === allocator);
  const decades = powersOfTen(curves.map((point) => point.ns));
  const said = chosen.map((it) => `${it.call} ${it.percentile} ${formatValue(it.ns, 'ns')}`);
  return (
    <Chart
      name="latency"
      title="Latency of single calls"
      label={`Latency of ${allocator}: ${said.join(', ')}`}
      note={`Logarithmic both ways: each step to the right is ten times as rare.${
        step === undefined
          ? ''
          : ` The clock of that machine tells ${formatValue(step, 'ns')} apart.`
      }`}
      draw={() => ({
        height: 300,
        marginLeft: 52,
        marginRight: 84,
        x: { type: 'point', domain: PERCENTILES.map((it) => it.text), label: null },
        y: {
          type: 'log',
          label: null,
          ticks: decades,
          tickFormat: (value: number) => formatValue(value, 'ns'),
        },
        fy: { label: null, domain: ['malloc', 'free'] },
        marks: [
          gridY(decades),
          line(curves, {
            x: 'percentile',
            y: 'ns',
            z: 'allocator',
            fy: 'call',
            stroke: colour,
            strokeOpacity: (it: Point) => emphasis(allocator, it),
            strokeWidth: 1.75,
          }),
          dot(curves, {
            x: 'percentile',
            y: 'ns',
            fy: 'call',
            fill: colour,
            r: (it: Point) => (it.allocator === allocator ? 3.5 : 2),
            ariaLabel: (it: Point) => `${it.allocator}, ${it.call} ${it.percentile}: ${it.ns}`,
          }),
          text(
            curves.filter((it) => it.percentile === last && it.allocator === allocator),
            {
              x: 'percentile',
              y: 'ns',
              fy: 'call',
              text: (it: Point) => it.allocator,
              textAnchor: 'start',
              dx: 8,
              fill: 'var(--ink)',
            },
          ),
        ],
      })}
    />
  );
}

interface MemoryChartProps extends CellChartProps {
  name: string;
  title: string;
  note: string;
  curveOf: (repetitions: readonly Repetition[]) => MemoryCurve | null;
}

// What was resident, over what the program held where that is known.
function MemoryChart({
  run,
  row,
  allocator,
  name,
  title,
  note,
  curveOf,
}: MemoryChartProps): JSX.Element | null {
  const curves = [...row.cells].flatMap(([cellAllocator, cell]) => {
    const curve = curveOf(run.repetitionsOf(cell));
    return curve ? [{ allocator: cellAllocator, ...curve }] : [];
  });
  const first = curves.find((curve) => curve.allocator === allocator) ?? curves[0];
  if (!first) return null;
  const points = curves.flatMap((curve) =>
    curve.points.map((point) => ({ ...point, allocator: curve.allocator })),
  );
  type Point = (typeof points)[number];
  const colour = (it: Point): string => lookOf(run.allocators, it.allocator).colour;
  const opacity = (it: Point): number => emphasis(allocator, it);
  const live = first.points.filter((point) => point.live !== null);
  const most = first.points.reduce((a, b) => (b.rss > a.rss ? b : a));
  return (
    <Chart
      name={name}
      title={title}
      label={`Resident memory of ${first.allocator} over ${first.axis}: at most ${formatValue(most.rss, 'bytes')}`}
      note={note}
      draw={(width) => ({
        height: 300,
        marginLeft: 64,
        marginRight: 84,
        marginBottom: 40,
        x: {
          label: `${first.axis} →`,
          labelOffset: 36,
          ticks: Math.max(3, width / 120),
          tickFormat: (value: number) => value.toLocaleString('en', { notation: 'compact' }),
        },
        y: {
          grid: true,
          label: null,
          zero: true,
          ticks: byteTicks(Math.max(...points.map((it) => Math.max(it.rss, it.live ?? 0)))),
          tickFormat: (value: number) => formatValue(value, 'bytes'),
        },
        marks: [
          line(live, { x: 'at', y: 'live', stroke: 'var(--muted)', strokeDasharray: '2 3' }),
          line(points, {
            x: 'at',
            y: 'rss',
            z: 'allocator',
            stroke: colour,
            strokeOpacity: opacity,
            strokeWidth: 1.75,
          }),
          dot(points.length <= DOTS_MOST ? points : [], {
            x: 'at',
            y: 'rss',
            r: 2.5,
            fill: colour,
            fillOpacity: opacity,
            ariaLabel: (it: Point) => `${it.allocator}, ${it.at}: ${it.rss}`,
          }),
          text(first.points.slice(-1), {
            x: 'at',
            y: 'rss',
            text: () => first.allocator,
            textAnchor: 'start',
            dx: 8,
            fill: 'var(--ink)',
          }),
        ],
      })}
    />
  );
}

export function SampledMemoryChart(props: CellChartProps): JSX.Element | null {
  return (
    <MemoryChart
      {...props}
      name="memory"
      title="Memory over time"
      note="Resident memory of each allocator, in one repetition."
      curveOf={sampledMemory}
    />
  );
}

export function HeldMemoryChart(props: CellChartProps): JSX.Element | null {
  return (
    <MemoryChart
      {...props}
      name="memory-held"
      title="Memory beside what the program held"
      note="Resident memory of each allocator; dashed, what the program held."
      curveOf={heldMemory}
    />
  );
}
