// Since when? One cell over all runs, oldest first.

import type { JSX } from 'preact';
import type { Cells, HistoryPoint } from '../data/source.ts';
import { changePoints, type ChangePoint } from '../model/change_points.ts';
import {
  formatChange,
  formatCommit,
  formatDate,
  formatRatio,
  formatValue,
  plural,
} from '../model/format.ts';
import { METRICS, metricOf, type Metric } from '../model/metrics.ts';
import { address, type Route } from '../route.ts';
import { usePage, type ViewProps } from '../ui/context.tsx';
import { Controls, Exports, Segments, Select } from '../ui/controls.tsx';
import { choose, useLoaded } from '../ui/hooks.ts';
import { Empty, NoRuns, Warning, WhenLoaded } from '../ui/notice.tsx';
import { Words } from '../ui/words.tsx';
import { HistoryChart } from './history_chart.tsx';

export interface Series {
  metric: Metric;
  shown: 'ratio' | 'value';
  points: readonly HistoryPoint[]; // with a value
  values: readonly number[];
  changes: readonly ChangePoint[];
}

const LISTED_MOST = 100;

export const pointName = (point: HistoryPoint): string =>
  point.label ?? formatCommit(point.commit, null);

export function formatShown(value: number, { shown, metric }: Series): string {
  return shown === 'ratio' ? formatRatio(value) : formatValue(value, metric.unit);
}

function seriesOf(points: readonly HistoryPoint[], metric: Metric, shown: Series['shown']): Series {
  const valued = points.flatMap((point) => {
    const value = shown === 'ratio' ? point.ratio : point.median;
    return value !== null && value > 0 ? [{ point, value }] : [];
  });
  const values = valued.map((it) => it.value);
  return {
    metric,
    shown,
    points: valued.map((it) => it.point),
    values,
    changes: changePoints(values),
  };
}

function Changes({ series }: { series: Series }): JSX.Element {
  const { changes, points } = series;
  if (changes.length === 0) {
    return (
      <p class="verdict">
        No change that can be told from noise, over {plural(points.length, 'run')}.
      </p>
    );
  }
  return (
    <ul class="changes">
      {changes.map((change) => {
        const point = points[change.at];
        const earlier = points[change.at - 1];
        if (!point || !earlier) return null;
        const ratio = change.after / change.before;
        return (
          <li key={change.at}>
            <span class={`tag ${ratio < 1 ? 'less' : 'more'}`}>
              {ratio < 1 ? '▾' : '▴'} {formatChange(ratio)}
            </span>{' '}
            since <strong>{pointName(point)}</strong>{' '}
            <span class="muted">({formatDate(point.date)})</span>:{' '}
            {formatShown(change.before, series)} before, {formatShown(change.after, series)} after.{' '}
            <a
              href={address('compare', {
                before: earlier.run,
                after: point.run,
                metric: series.metric.id,
              })}
            >
              Compare the two runs
            </a>
          </li>
        );
      })}
    </ul>
  );
}

interface HistoryTableProps {
  series: Series;
  route: Route;
}

function HistoryTable({ series, route }: HistoryTableProps): JSX.Element {
  const { points, values, changes } = series;
  const changed = new Set(changes.map((change) => change.at));
  const listed = points.map((point, i) => ({ point, value: values[i] ?? 0, i })).reverse();
  const { workload, threads, allocator, metric } = route.parameters;
  return (
    <div class="scroll tall" role="region" aria-label="Runs" tabIndex={0}>
      <table class="pinned">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Commit</th>
            <th scope="col" class="number">
              {series.shown === 'ratio' ? 'Ratio' : series.metric.short}
            </th>
            <th scope="col" class="number">
              Interval
            </th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {listed.slice(0, LISTED_MOST).map(({ point, value, i }) => (
            <tr key={point.run}>
              <th scope="row">
                <a href={address('cell', { run: point.run, workload, threads, allocator, metric })}>
                  {formatDate(point.date)}
                </a>
              </th>
              <td>{pointName(point)}</td>
              <td class="number">{formatShown(value, series)}</td>
              <td class="number muted">
                {series.shown === 'ratio' && point.ratio_low !== null && point.ratio_high !== null
                  ? `${formatRatio(point.ratio_low)}–${formatRatio(point.ratio_high)}`
                  : '–'}
              </td>
              <td>{changed.has(i) ? 'since here' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellOfHistory {
  workload: string;
  threads: number;
  allocator: string;
  metric: string;
  host: string | null;
}

function History({ route, asked }: { route: Route; asked: CellOfHistory }): JSX.Element {
  const { source } = usePage();
  const loaded = useLoaded(() => source.history(asked), JSON.stringify(asked));
  const shown = route.parameters['show'] === 'value' ? 'value' : 'ratio';
  const metric = metricOf(asked.metric);
  const named = {
    ...route,
    parameters: { ...route.parameters, ...asked, threads: String(asked.threads), host: undefined },
  };
  return (
    <WhenLoaded of={loaded}>
      {({ points }) => {
        const series = seriesOf(points, metric, shown);
        const hosts = new Set(points.map((point) => point.host_name));
        if (series.points.length < 2) {
          return (
            <Empty title={series.points.length === 0 ? 'No run has this cell' : 'One run alone'}>
              <p>
                A history needs runs over time: measure again after a change
                {source.kind === 'report'
                  ? ', and put several results into one report, or keep them at the service.'
                  : ', and upload the result.'}
              </p>
            </Empty>
          );
        }
        return (
          <>
            {hosts.size > 1 && (
              <Warning>
                These runs are of {hosts.size} machines, so a step may be a change of machine:
                choose one above.
              </Warning>
            )}
            <Changes series={series} />
            <HistoryChart series={series} name={`${asked.allocator}, ${asked.workload}`} />
            <div class="table-head">
              <p class="note">
                {plural(series.points.length, 'run')}
                {series.points.length > LISTED_MOST && `, the newest ${LISTED_MOST} listed`}
              </p>
              <Exports
                name={`history-${asked.allocator}-${asked.workload.replace(/\W+/g, '-')}-${metric.id}`}
                rows={() => [
                  [
                    'run',
                    'date',
                    'commit',
                    'label',
                    'host',
                    'median',
                    'ratio',
                    'ratio_low',
                    'ratio_high',
                    'unit',
                  ],
                  ...points.map((it) => [
                    it.run,
                    it.date,
                    it.commit,
                    it.label,
                    it.host_name,
                    it.median,
                    it.ratio,
                    it.ratio_low,
                    it.ratio_high,
                    it.unit,
                  ]),
                ]}
                json={() => ({ ...asked, points, changes: series.changes })}
              />
            </div>
            <HistoryTable series={series} route={named} />
          </>
        );
      }}
    </WhenLoaded>
  );
}

function chosenCell(route: Route, cells: Cells): CellOfHistory | null {
  const { parameters } = route;
  // A program that somebody recorded has hardly been measured often.
  const workload =
    cells.workloads.find((it) => it.name === parameters['workload']) ??
    cells.workloads.find((it) => !it.name.startsWith('trace/')) ??
    cells.workloads[0];
  const threads =
    workload?.threads.find((it) => String(it) === parameters['threads']) ?? workload?.threads[0];
  // What changes over commits is our own.
  const own = ['thread_heap', 'segregated_fit', 'first_fit'];
  const allocator =
    cells.allocators.find((it) => it === parameters['allocator']) ??
    own.find((it) => cells.allocators.includes(it)) ??
    cells.allocators.find((it) => it !== 'glibc') ??
    cells.allocators[0];
  if (!workload || threads === undefined || allocator === undefined) return null;
  const asked = parameters['metric'] ?? 'time';
  const metric = cells.metrics.includes(asked) ? asked : 'time';
  const host = cells.hosts.find((it) => it !== null && it === parameters['host']) ?? null;
  return { workload: workload.name, threads, allocator, metric, host };
}

function HistoryPage({ route, cells }: { route: Route; cells: Cells }): JSX.Element {
  const asked = chosenCell(route, cells);
  if (!asked) {
    return (
      <Empty title="No cells yet">
        <p>Every run so far failed or was empty.</p>
      </Empty>
    );
  }
  const hosts = cells.hosts.filter((host) => host !== null);
  const threads = cells.workloads.find((it) => it.name === asked.workload)?.threads ?? [];
  return (
    <>
      <Controls>
        <Select
          label="Workload"
          value={asked.workload}
          options={cells.workloads.map(({ name }) => ({
            value: name,
            text: name.slice(name.indexOf('/') + 1),
            group: name.slice(0, name.indexOf('/')),
          }))}
          onChange={(value) => choose(route, { workload: value })}
        />
        {threads.length > 1 && (
          <Select
            label="Threads"
            value={String(asked.threads)}
            options={threads.map((it) => ({ value: String(it), text: String(it) }))}
            onChange={(value) => choose(route, { threads: value })}
          />
        )}
        <Select
          label="Allocator"
          value={asked.allocator}
          options={cells.allocators.map((name) => ({ value: name, text: name }))}
          onChange={(value) => choose(route, { allocator: value })}
        />
        <Select
          label="Metric"
          value={asked.metric}
          options={METRICS.filter(({ id }) => cells.metrics.includes(id)).map(({ id, title }) => ({
            value: id,
            text: title,
          }))}
          onChange={(value) => choose(route, { metric: value })}
        />
        {hosts.length > 1 && (
          <Select
            label="Machine"
            value={asked.host ?? ''}
            options={[
              { value: '', text: 'all' },
              ...hosts.map((host) => ({ value: host, text: host.slice(0, 16) })),
            ]}
            onChange={(value) => choose(route, { host: value })}
          />
        )}
        <Segments
          label="Show"
          value={route.parameters['show'] === 'value' ? 'value' : 'ratio'}
          options={[
            { value: 'ratio', text: 'Ratio' },
            { value: 'value', text: 'Value' },
          ]}
          onChange={(value) => choose(route, { show: value === 'ratio' ? undefined : value })}
        />
      </Controls>
      <History route={route} asked={asked} />
      <Words of={['cell', 'baseline', 'ratio', 'band', 'change', 'interval']} />
    </>
  );
}

export function HistoryView({ route }: ViewProps): JSX.Element {
  const { source, runs } = usePage();
  const loaded = useLoaded(() => source.cells(), runs[0]?.id ?? '');
  if (runs.length === 0) return <NoRuns service={source.kind === 'service'} />;
  return (
    <WhenLoaded of={loaded}>{(cells) => <HistoryPage route={route} cells={cells} />}</WhenLoaded>
  );
}
