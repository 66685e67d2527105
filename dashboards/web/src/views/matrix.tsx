// Which allocator for my work? Workloads down, allocators across.

import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { formatRatio, formatShare, formatValue } from '../model/format.ts';
import { METRICS, metricOf, type Metric } from '../model/metrics.ts';
import { rank } from '../model/ranking.ts';
import type { RunModel } from '../model/run.ts';
import { tableOf, type Table, type TableCell, type TableRow } from '../model/table.ts';
import { address, type Route } from '../route.ts';
import type { ViewProps } from '../ui/context.tsx';
import { Controls, Exports, Segments, Select } from '../ui/controls.tsx';
import type { CsvValue } from '../ui/export.ts';
import { choose } from '../ui/hooks.ts';
import { Empty, Warning } from '../ui/notice.tsx';
import { OfRun, RunPicker } from '../ui/run_picker.tsx';
import { moveByArrows } from '../ui/table_keys.ts';
import { Words } from '../ui/words.tsx';
import { Mix, weightsOf } from './mix.tsx';
import { Ranking } from './ranking.tsx';

const VERDICTS = {
  less: 'less than the baseline, beyond noise',
  more: 'more than the baseline, beyond noise',
  cannot_tell: 'no difference that can be told from noise',
  baseline: 'the baseline',
  no_baseline: 'the baseline was not measured here',
} as const;

// How strong a cell's colour is: full from a factor of two on.
function strength(ratio: number): number {
  return Math.min(1, 0.2 + 0.8 * Math.abs(Math.log2(ratio)));
}

interface ValueCellProps {
  table: Table;
  allocator: string;
  entry: TableCell | undefined;
  href: string;
  shown: string;
  tabStop: boolean;
}

function ValueCell({ table, allocator, entry, href, shown, tabStop }: ValueCellProps): JSX.Element {
  if (!entry)
    return (
      <td class="none" aria-label="not measured">
        –
      </td>
    );
  const { ratio, low, high, verdict, median, best } = entry;
  const value = formatValue(median, table.metric.unit);
  const ratioText = ratio === null ? value : formatRatio(ratio);
  const interval =
    low !== null && high !== null ? `, ${formatRatio(low)} to ${formatRatio(high)}` : '';
  const told = verdict === 'less' || verdict === 'more';
  const said = ratio === null ? value : `ratio ${ratioText}${interval}; ${value}`;
  const style = told && ratio !== null ? { '--strength': strength(ratio).toFixed(2) } : {};
  return (
    <td class={`value ${verdict}${best ? ' best' : ''}`} style={style}>
      <a
        href={href}
        tabIndex={tabStop ? 0 : -1}
        title={`${allocator}: ${said}; ${VERDICTS[verdict]}`}
        aria-label={`${allocator}: ${said}; ${VERDICTS[verdict]}${best ? '; best of its row' : ''}`}
      >
        {told && <span aria-hidden="true">{verdict === 'less' ? '▾' : '▴'}</span>}
        {shown === 'value' ? value : ratioText}
      </a>
    </td>
  );
}

interface TableProps {
  route: Route;
  id: string;
  run: RunModel;
  table: Table;
}

function MatrixTable({ route, id, run, table }: TableProps): JSX.Element {
  const shown = route.parameters['show'] ?? 'ratio';
  const body = useRef<HTMLTableElement>(null);
  const allocators = run.allocators;
  const cellAddress = (row: TableRow, allocator: string): string =>
    address('cell', {
      run: route.parameters['run'] ?? (id || undefined),
      workload: row.row.workload.name,
      threads: String(row.row.threads),
      allocator,
      metric: table.metric.id,
    });
  const stop = table.rows[0];
  const stopAllocator = stop && allocators.find(({ name }) => stop.cells.has(name))?.name;
  return (
    <div class="scroll" role="region" aria-label="Matrix" tabIndex={0}>
      <table class="matrix" ref={body} onKeyDown={moveByArrows}>
        <caption class="visually-hidden">
          {table.metric.title}, {shown === 'value' ? 'medians' : `ratio to ${table.baseline}`}.
          Arrow keys go from cell to cell, Enter opens one.
        </caption>
        <thead>
          <tr>
            <th scope="col">Workload</th>
            {allocators.map(({ name, kind, problem }) => (
              <th key={name} scope="col" class={kind} title={problem ?? undefined}>
                {name}
                {name === table.baseline && <small>baseline</small>}
                {kind === 'loam' && name !== table.baseline && <small>Loam</small>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, i) => (
            <tr
              key={row.row.label}
              class={
                row.row.workload.family !== table.rows[i - 1]?.row.workload.family ? 'first' : ''
              }
            >
              <th
                scope="row"
                title={`${row.row.workload.stresses}. Stands for: ${row.row.workload.stands_for}`}
              >
                <span class="family-name">{row.row.workload.family}/</span>
                <wbr />
                {row.row.label.slice(row.row.label.indexOf('/') + 1).replace(' ', '\u00a0')}
              </th>
              {allocators.map(({ name }) => (
                <ValueCell
                  key={name}
                  table={table}
                  allocator={name}
                  entry={row.cells.get(name)}
                  href={cellAddress(row, name)}
                  shown={shown}
                  tabStop={row === stop && name === stopAllocator}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function csvRows(run: RunModel, table: Table): CsvValue[][] {
  const header = ['workload', 'threads', 'allocator', 'metric', 'unit', 'median', 'baseline'];
  const rows: CsvValue[][] = [[...header, 'ratio', 'ratio_low', 'ratio_high', 'verdict']];
  for (const { row, cells } of table.rows) {
    for (const { name } of run.allocators) {
      const cell = cells.get(name);
      if (!cell) continue;
      const { id, unit } = table.metric;
      const { median, ratio, low, high, verdict } = cell;
      const of = [row.workload.name, row.threads, name, id, unit, median, table.baseline];
      rows.push([...of, ratio, low, high, verdict]);
    }
  }
  return rows;
}

// The allocator that a person chose to compare with, or else the run's own.
export function baselineOf(route: Route, run: RunModel): string {
  const chosen = route.parameters['baseline'];
  return chosen !== undefined && run.allocator(chosen)
    ? chosen
    : run.result.context.baseline_allocator;
}

// Metrics that the run has a value for.
export function metricsOf(run: RunModel): readonly Metric[] {
  return METRICS.filter(
    (metric) =>
      run.result.cells.some((cell) => cell[metric.id] != null) ||
      run.result.benchmarks.some((repetition) => metric.of(repetition) !== null),
  );
}

function smallestVisible(table: Table): string | null {
  const shares = table.rows
    .flatMap((row) => [...row.cells.values()].map((cell) => cell.smallestVisible))
    .filter((share) => share !== null)
    .sort((a, b) => a - b);
  const middle = shares[shares.length >> 1];
  return middle === undefined ? null : formatShare(middle);
}

function Matrix({ route, id, run }: { route: Route; id: string; run: RunModel }): JSX.Element {
  const baseline = baselineOf(route, run);
  const metric = metricOf(route.parameters['metric']);
  const table = useMemo(() => tableOf(run, metric, baseline), [run, metric, baseline]);
  const weights = weightsOf(route);
  const ranked = useMemo(() => rank(run, table, weights), [table, route.parameters['weights']]);
  const visible = smallestVisible(table);
  return (
    <>
      <Controls>
        <RunPicker route={route} chosen={id} />
        <Select
          label="Metric"
          value={metric.id}
          options={metricsOf(run).map(({ id, title }) => ({ value: id, text: title }))}
          onChange={(value) => choose(route, { metric: value })}
        />
        <Select
          label="Baseline"
          value={baseline}
          options={run.allocators.map(({ name }) => ({ value: name, text: name }))}
          onChange={(value) => choose(route, { baseline: value })}
        />
        <Segments
          label="Show"
          value={route.parameters['show'] ?? 'ratio'}
          options={[
            { value: 'ratio', text: 'Ratio' },
            { value: 'value', text: 'Value' },
          ]}
          onChange={(value) => choose(route, { show: value === 'ratio' ? undefined : value })}
        />
      </Controls>
      <p class="lead">
        {metric.explanation}{' '}
        {metric.explains
          ? 'It explains the others, and is no reason to choose.'
          : 'Less is better.'}
      </p>
      {!table.judged && (
        <Warning>
          This result has no repetitions: against {baseline} nothing can be told from noise here, so
          nothing is coloured. Its own baseline is {run.result.context.baseline_allocator}.
        </Warning>
      )}
      {table.rows.length === 0 ? (
        <Empty title={`No ${metric.title.toLowerCase()} in this run`}>
          <p>
            {/_p\d/.test(metric.id)
              ? 'Measure with --latency_rounds 1, which times single calls too.'
              : metric.id === 'system_calls'
                ? 'Measure with --system_call_rounds 1, which counts them too.'
                : 'Choose another metric.'}
          </p>
        </Empty>
      ) : (
        <>
          <Ranking run={run} metric={metric} baseline={baseline} ranked={ranked} />
          <Mix route={route} run={run} />
          <div class="table-head">
            <p class="legend">
              <span class="swatch less">▾ less</span>
              <span class="swatch more">▴ more</span>
              <span>beyond noise</span>
              <span class="muted">grey: cannot be told</span>
              {visible && (
                <span class="muted">half of the cells would show a difference of {visible}</span>
              )}
            </p>
            <Exports
              name={`matrix-${metric.id}`}
              rows={() => csvRows(run, table)}
              json={() => ({
                run: id,
                metric: metric.id,
                baseline,
                ranking: ranked,
                cells: table.rows.flatMap((row) =>
                  [...row.cells].map(([allocator, { cell: _, ...rest }]) => ({
                    workload: row.row.workload.name,
                    threads: row.row.threads,
                    allocator,
                    ...rest,
                  })),
                ),
              })}
            />
          </div>
          <MatrixTable route={route} id={id} run={run} table={table} />
        </>
      )}
      <Words
        of={['cell', 'baseline', 'ratio', 'noise', 'mean', 'interval', 'threshold', 'floor']}
      />
    </>
  );
}

export function MatrixView({ route }: ViewProps): JSX.Element {
  return (
    <OfRun route={route} depth="baseline">
      {(run, id) => <Matrix route={route} run={run} id={id} />}
    </OfRun>
  );
}
