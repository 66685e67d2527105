// What does it cost? Time against memory, one point an allocator, with the frontier.

import { dot, line, ruleX, ruleY, text, type Markish } from '@observablehq/plot';
import type { JSX } from 'preact';
import { formatChange, formatRatio, plural } from '../model/format.ts';
import { frontier } from '../model/frontier.ts';
import { metricOf, type Metric } from '../model/metrics.ts';
import { rank, type Weights } from '../model/ranking.ts';
import type { RunModel } from '../model/run.ts';
import { tableOf } from '../model/table.ts';
import type { Route } from '../route.ts';
import { lookOf } from '../ui/allocators.ts';
import { around, Chart, ratioTicks } from '../ui/chart.tsx';
import type { ViewProps } from '../ui/context.tsx';
import { Controls, Exports, Select } from '../ui/controls.tsx';
import { choose } from '../ui/hooks.ts';
import { Empty } from '../ui/notice.tsx';
import { LABEL_DISTANCE, placeLabels } from '../ui/labels.ts';
import { OfRun, RunPicker } from '../ui/run_picker.tsx';
import { Words } from '../ui/words.tsx';
import { Mix, weightsOf } from './mix.tsx';
import { baselineOf, metricsOf } from './matrix.tsx';

const MEMORY: readonly Metric['id'][] = [
  'peak_rss',
  'mean_rss',
  'peak_fragmentation',
  'end_fragmentation',
  'trough_rss',
  'settled_rss',
  'end_rss',
];

const MARGIN = { left: 44, right: 48, top: 24, bottom: 44 };
const heightOf = (width: number): number => Math.min(480, Math.max(320, width * 0.6));

interface CostPoint {
  allocator: string;
  kind: string;
  x: number;
  y: number;
  xRows: number;
  yRows: number;
}

function costPoints(
  run: RunModel,
  [across, up]: readonly [Metric, Metric],
  baseline: string,
  weights: Weights,
  only: string | undefined,
): CostPoint[] {
  const ranked = (metric: Metric): ReturnType<typeof rank> => {
    const table = tableOf(run, metric, baseline);
    const rows = only ? table.rows.filter((row) => row.row.label === only) : table.rows;
    return rank(run, { ...table, rows }, weights);
  };
  const ups = new Map(ranked(up).map((item) => [item.allocator, item]));
  const points: CostPoint[] = [];
  for (const { allocator, kind, mean: x, rows: xRows } of ranked(across)) {
    const other = ups.get(allocator);
    if (other) points.push({ allocator, kind, x, y: other.mean, xRows, yRows: other.rows });
  }
  return points;
}

interface ScatterProps {
  run: RunModel;
  points: readonly CostPoint[];
  best: readonly CostPoint[];
  across: Metric;
  up: Metric;
  baseline: string;
}

function Scatter({ run, points, best, across, up, baseline }: ScatterProps): JSX.Element {
  const domainX = around(points.map((point) => point.x));
  const domainY = around(points.map((point) => point.y));
  const said = points.map(
    (point) => `${point.allocator} ${formatRatio(point.x)} and ${formatRatio(point.y)}`,
  );
  // A mark for each name, for all of a mark are moved alike.
  const names = (width: number): Markish[] => {
    const [w, h] = [
      width - MARGIN.left - MARGIN.right,
      heightOf(width) - MARGIN.top - MARGIN.bottom,
    ];
    const share = (value: number, [low, high]: readonly [number, number]): number =>
      Math.log(value / low) / Math.log(high / low);
    const places = points.map(({ allocator, x, y }) => ({
      x: share(x, domainX) * w,
      y: (1 - share(y, domainY)) * h,
      text: allocator,
    }));
    return placeLabels(places, w + MARGIN.right).map(({ anchor, dy }, i) =>
      text(points.slice(i, i + 1), {
        x: 'x',
        y: 'y',
        text: 'allocator',
        textAnchor: anchor,
        dx: anchor === 'start' ? LABEL_DISTANCE : -LABEL_DISTANCE,
        dy,
        fill: 'var(--ink)',
        stroke: 'var(--paper)',
        strokeWidth: 3,
      }),
    );
  };
  return (
    <Chart
      name={`cost-${across.id}-${up.id}`}
      title={`${across.short} and ${up.short.toLowerCase()}, ratios to ${baseline}: less of both is better`}
      label={`${across.title} and ${up.title} as ratios to ${baseline}: ${said.join('; ')}. On the frontier: ${best
        .map((point) => point.allocator)
        .join(', ')}.`}
      draw={(width) => ({
        height: heightOf(width),
        marginLeft: MARGIN.left,
        marginRight: MARGIN.right,
        marginTop: MARGIN.top,
        marginBottom: MARGIN.bottom,
        grid: true,
        x: {
          type: 'log',
          domain: domainX,
          ticks: ratioTicks(domainX, width - MARGIN.left - MARGIN.right),
          tickFormat: formatRatio,
          label: `${across.title} →`,
          labelAnchor: 'right',
          labelOffset: 40,
        },
        y: {
          type: 'log',
          domain: domainY,
          ticks: 6,
          tickFormat: formatRatio,
          label: `↑ ${up.title}`,
        },
        marks: [
          ruleX([1], { stroke: 'var(--ink)', strokeOpacity: 0.4, strokeDasharray: '3 3' }),
          ruleY([1], { stroke: 'var(--ink)', strokeOpacity: 0.4, strokeDasharray: '3 3' }),
          line(best, {
            x: 'x',
            y: 'y',
            curve: 'step-after',
            stroke: 'var(--accent)',
            strokeWidth: 1.5,
            strokeOpacity: 0.8,
            ariaDescription: 'frontier',
          }),
          dot(points, {
            x: 'x',
            y: 'y',
            r: 6,
            fill: (point: CostPoint) => lookOf(run.allocators, point.allocator).colour,
            symbol: (point: CostPoint) => lookOf(run.allocators, point.allocator).shape,
            stroke: 'var(--paper)',
            ariaLabel: (point: CostPoint) => `${point.allocator}: ${point.x}, ${point.y}`,
          }),
          ...names(width),
        ],
      })}
    />
  );
}

function CostTable({ points, best, across, up }: ScatterProps): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label="Cost" tabIndex={0}>
      <table class="pinned">
        <thead>
          <tr>
            <th scope="col">Allocator</th>
            <th scope="col" class="number">
              {across.short}
            </th>
            <th scope="col" class="number">
              {up.short}
            </th>
            <th scope="col">Frontier</th>
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.allocator}>
              <th scope="row">{point.allocator}</th>
              <td class="number">
                {formatRatio(point.x)} <span class="muted">{formatChange(point.x)}</span>
              </td>
              <td class="number">
                {formatRatio(point.y)} <span class="muted">{formatChange(point.y)}</span>
              </td>
              <td>{best.includes(point) ? 'on it' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Sentence({ best, across, up }: ScatterProps): JSX.Element | null {
  const [fastest] = best;
  const leanest = best[best.length - 1];
  if (!fastest || !leanest) return null;
  if (fastest === leanest) {
    return (
      <p class="verdict">
        <strong>{fastest.allocator}</strong> needs the least of both: no trade to make.
      </p>
    );
  }
  return (
    <p class="verdict">
      From <strong>{fastest.allocator}</strong> (least {across.short.toLowerCase()}) to{' '}
      <strong>{leanest.allocator}</strong> (least {up.short.toLowerCase()}):{' '}
      {plural(best.length, 'allocator')} that no other beats in both.
    </p>
  );
}

function Cost({ route, id, run }: { route: Route; id: string; run: RunModel }): JSX.Element {
  const baseline = baselineOf(route, run);
  const known = metricsOf(run);
  const across = metricOf(route.parameters['x'] ?? 'time');
  const up = metricOf(route.parameters['y'] ?? 'peak_rss');
  const only = run.rows.some((row) => row.label === route.parameters['row'])
    ? route.parameters['row']
    : undefined;
  const points = costPoints(run, [across, up], baseline, weightsOf(route), only);
  const best = frontier(points.filter((point) => point.kind !== 'floor'));
  const shown = { run, points, best, across, up, baseline };
  const options = (of: (metric: Metric) => boolean): { value: string; text: string }[] =>
    known.filter(of).map((metric) => ({ value: metric.id, text: metric.title }));
  return (
    <>
      <Controls>
        <RunPicker route={route} chosen={id} />
        <Select
          label="Across"
          value={across.id}
          options={options((metric) => !MEMORY.includes(metric.id) && metric.explains !== true)}
          onChange={(value) => choose(route, { x: value })}
        />
        <Select
          label="Up"
          value={up.id}
          options={options((metric) => MEMORY.includes(metric.id))}
          onChange={(value) => choose(route, { y: value })}
        />
        <Select
          label="Over"
          value={only ?? ''}
          options={[
            { value: '', text: 'my mix' },
            ...run.rows.map(({ label }) => ({ value: label, text: label })),
          ]}
          onChange={(value) => choose(route, { row: value })}
        />
        <Select
          label="Baseline"
          value={baseline}
          options={run.allocators.map(({ name }) => ({ value: name, text: name }))}
          onChange={(value) => choose(route, { baseline: value })}
        />
      </Controls>
      {points.length < 2 ? (
        <Empty title="Too little to compare">
          <p>
            No two allocators of this run have both {across.title.toLowerCase()} and{' '}
            {up.title.toLowerCase()}. Choose other axes or another workload.
          </p>
        </Empty>
      ) : (
        <>
          <Sentence {...shown} />
          <Scatter {...shown} />
          {only === undefined && <Mix route={route} run={run} />}
          <div class="table-head">
            <p class="note">
              {only ? `Of ${only} alone.` : 'Weighted geometric means over the rows of the mix.'}
            </p>
            <Exports
              name={`cost-${across.id}-${up.id}`}
              rows={() => [
                ['allocator', across.id, up.id, 'rows', 'on_frontier', 'baseline'],
                ...points.map((point) => [
                  point.allocator,
                  point.x,
                  point.y,
                  Math.min(point.xRows, point.yRows),
                  best.includes(point),
                  baseline,
                ]),
              ]}
              json={() => ({ run: id, x: across.id, y: up.id, baseline, points })}
            />
          </div>
          <CostTable {...shown} />
        </>
      )}
      <Words of={['frontier', 'ratio', 'mean', 'baseline', 'rss', 'floor']} />
    </>
  );
}

export function CostView({ route }: ViewProps): JSX.Element {
  return (
    <OfRun route={route} depth="baseline">
      {(run, id) => <Cost route={route} run={run} id={id} />}
    </OfRun>
  );
}
