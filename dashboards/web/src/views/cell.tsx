// Why? All that is known of one cell, next to the others of its row.

import type { JSX } from 'preact';
import { FACTS, factOf, systemCalls, type Fact } from '../model/cell_facts.ts';
import { formatChange, formatRatio, formatShare, formatValue, plural } from '../model/format.ts';
import { metricOf, type Metric } from '../model/metrics.ts';
import type { Cell, Row, RunModel } from '../model/run.ts';
import { tableOf, type TableCell } from '../model/table.ts';
import { address, type Route } from '../route.ts';
import type { ViewProps } from '../ui/context.tsx';
import { Controls, Exports, Select } from '../ui/controls.tsx';
import { choose } from '../ui/hooks.ts';
import { Empty, Warning } from '../ui/notice.tsx';
import { OfRun, RunPicker } from '../ui/run_picker.tsx';
import { Words } from '../ui/words.tsx';
import {
  HeldMemoryChart,
  LatencyChart,
  RepetitionsChart,
  SampledMemoryChart,
} from './cell_charts.tsx';
import { metricsOf } from './matrix.tsx';

const VERDICT_TEXT = {
  less: 'less, beyond noise',
  more: 'more, beyond noise',
  cannot_tell: 'cannot be told from noise',
  baseline: 'the baseline',
  no_baseline: 'no baseline to compare with',
} as const;

interface CellProps {
  run: RunModel;
  row: Row;
  allocator: string;
  metric: Metric;
}

function Verdict({
  entry,
  metric,
  baseline,
}: {
  entry: TableCell | undefined;
  metric: Metric;
  baseline: string;
}): JSX.Element | null {
  if (!entry) return null;
  const { ratio, low, high, verdict, median, smallestVisible } = entry;
  return (
    <p class="verdict">
      <strong>{formatValue(median, metric.unit)}</strong> {metric.title.toLowerCase()}
      {ratio !== null && verdict !== 'baseline' && (
        <>
          : <strong>{formatRatio(ratio)}</strong> of {baseline} ({formatChange(ratio)})
          {low !== null &&
            high !== null &&
            `, between ${formatRatio(low)} and ${formatRatio(high)}`}
        </>
      )}{' '}
      <span class={`tag ${verdict}`}>{VERDICT_TEXT[verdict]}</span>
      {smallestVisible !== null && (
        <span class="muted">
          {' '}
          It would have shown a difference of {formatShare(smallestVisible)}.
        </span>
      )}
    </p>
  );
}

// One column an allocator of the row: its metrics first, then what the kernel counted.
function FactsTable({ run, row, allocator }: CellProps): JSX.Element {
  const cells = [...row.cells.values()];
  const metrics = metricsOf(run).filter((metric) =>
    cells.some((cell) => valueOf(run, cell, metric) !== null),
  );
  const facts = FACTS.filter((fact) =>
    cells.some((cell) => factOf(fact, run.repetitionsOf(cell)) !== null),
  );
  return (
    <div class="scroll" role="region" aria-label="All figures of the row" tabIndex={0}>
      <table class="pinned facts">
        <thead>
          <tr>
            <th scope="col">Median of the repetitions</th>
            {cells.map((cell) => (
              <th
                key={cell.allocator}
                scope="col"
                class={`number${cell.allocator === allocator ? ' chosen' : ''}`}
              >
                {cell.allocator}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...metrics, ...facts].map((fact) => (
            <tr key={fact.id}>
              <th scope="row">{fact.title}</th>
              {cells.map((cell) => {
                const value = valueOf(run, cell, fact);
                return (
                  <td
                    key={cell.allocator}
                    class={`number${cell.allocator === allocator ? ' chosen' : ''}`}
                  >
                    {value === null ? <span class="muted">–</span> : formatValue(value, fact.unit)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const CALLS_MOST = 20;

function SystemCallsTable({ run, row, allocator }: CellProps): JSX.Element | null {
  const columns = [...row.cells].map(([name, cell]) => ({
    name,
    calls: systemCalls(run.repetitionsOf(cell)),
  }));
  const chosen = columns.find((column) => column.name === allocator)?.calls ?? new Map();
  const names = [...new Set([...chosen.keys(), ...columns.flatMap((it) => [...it.calls.keys()])])];
  if (names.length === 0) return null;
  return (
    <>
      <h2>System calls</h2>
      <div class="scroll" role="region" aria-label="System calls" tabIndex={0}>
        <table class="pinned facts">
          <thead>
            <tr>
              <th scope="col">
                Call
                {names.length > CALLS_MOST && <span class="muted">, the {CALLS_MOST} most</span>}
              </th>
              {columns.map(({ name }) => (
                <th key={name} scope="col" class={`number${name === allocator ? ' chosen' : ''}`}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.slice(0, CALLS_MOST).map((call) => (
              <tr key={call}>
                <th scope="row">
                  <code>{call}</code>
                </th>
                {columns.map(({ name, calls }) => (
                  <td key={name} class={`number${name === allocator ? ' chosen' : ''}`}>
                    {calls.has(call) ? (
                      formatValue(calls.get(call) ?? 0, 'count')
                    ) : (
                      <span class="muted">–</span>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

// As the file says it, or from the repetitions.
function valueOf(run: RunModel, cell: Cell, fact: Fact | Metric): number | null {
  const summarised = 'explanation' in fact ? cell[fact.id] : null;
  return summarised?.median ?? factOf(fact, run.repetitionsOf(cell));
}

function Figures(props: CellProps): JSX.Element {
  const { run, row, allocator, metric } = props;
  const { baseline_allocator: baseline } = run.result.context;
  const table = tableOf(run, metric, baseline);
  const entry = table.rows.find((it) => it.row === row)?.cells.get(allocator);
  const cell = row.cells.get(allocator);
  const repetitions = cell ? run.repetitionsOf(cell) : [];
  if (cell && cell.status !== 'ok') {
    return (
      <Warning>
        <strong>{cell.status.replace('_', ' ')}</strong>
        {cell.message ? `: ${cell.message}` : ''}
      </Warning>
    );
  }
  return (
    <>
      <Verdict entry={entry} metric={metric} baseline={baseline} />
      {!run.hasRepetitions && (
        <Warning>
          This result was kept without its repetitions: only the summary is left. Run the matrix
          again to see every repetition, latency and memory.
        </Warning>
      )}
      <div class="charts">
        <RepetitionsChart {...props} />
        <LatencyChart {...props} />
        <SampledMemoryChart {...props} />
        <HeldMemoryChart {...props} />
      </div>
      <div class="table-head">
        <h2>All figures</h2>
        <Exports
          name={`cell-${allocator}-${row.label.replace(/\W+/g, '-')}`}
          rows={() => repetitionRows(run, row)}
          json={() => ({ cell, repetitions })}
        />
      </div>
      <FactsTable {...props} />
      <SystemCallsTable {...props} />
    </>
  );
}

function repetitionRows(run: RunModel, row: Row): (string | number | null)[][] {
  const metrics = metricsOf(run);
  return [
    ['allocator', 'workload', 'threads', 'round', ...metrics.map((metric) => metric.id)],
    ...[...row.cells.values()].flatMap((cell) =>
      run
        .repetitionsOf(cell)
        .map((it) => [
          it.allocator,
          it.workload,
          it.threads,
          it.round,
          ...metrics.map((metric) => metric.of(it)),
        ]),
    ),
  ];
}

function CellPage({ route, id, run }: { route: Route; id: string; run: RunModel }): JSX.Element {
  const { parameters } = route;
  const threads = Number(parameters['threads'] ?? 0);
  const row =
    run.row(parameters['workload'] ?? '', threads) ??
    run.rows.find((it) => it.workload.name === parameters['workload']) ??
    run.rows[0];
  if (!row)
    return (
      <Empty title="This run has no cells">
        <p>Choose another run.</p>
      </Empty>
    );
  const names = [...row.cells.keys()];
  const own = run.allocators.filter(
    (it) => ['loam', 'given'].includes(it.kind) && names.includes(it.name),
  );
  const chosen = parameters['allocator'] ?? '';
  const allocator = names.includes(chosen) ? chosen : (own.at(-1)?.name ?? names[0] ?? '');
  const metric = metricOf(parameters['metric']);
  return (
    <>
      <Controls>
        <RunPicker route={route} chosen={id} />
        <Select
          label="Workload"
          value={row.label}
          options={run.rows.map((it) => ({
            value: it.label,
            text: it.label.slice(it.label.indexOf('/') + 1),
            group: it.workload.family,
          }))}
          onChange={(label) => {
            const next = run.rows.find((it) => it.label === label);
            if (next)
              choose(route, { workload: next.workload.name, threads: String(next.threads) });
          }}
        />
        <Select
          label="Allocator"
          value={allocator}
          options={names.map((name) => ({ value: name, text: name }))}
          onChange={(value) => choose(route, { allocator: value })}
        />
        <Select
          label="Metric"
          value={metric.id}
          options={metricsOf(run).map((it) => ({ value: it.id, text: it.title }))}
          onChange={(value) => choose(route, { metric: value })}
        />
      </Controls>
      <p class="lead">
        <strong>{row.label}</strong> stresses {row.workload.stresses}. It stands for{' '}
        {row.workload.stands_for}.{' '}
        {plural(row.cells.get(allocator)?.repetitions ?? 0, 'repetition')}.{' '}
        <a
          href={address('history', {
            workload: row.workload.name,
            threads: String(row.threads),
            allocator,
            metric: metric.id,
          })}
        >
          Its history
        </a>
      </p>
      <Figures run={run} row={row} allocator={allocator} metric={metric} />
      <Words
        of={[
          'repetition',
          'interval',
          'floor',
          'percentile',
          'rss',
          'fault',
          'switch',
          'threshold',
        ]}
      />
    </>
  );
}

export function CellView({ route }: ViewProps): JSX.Element {
  return (
    <OfRun route={route} depth="repetitions">
      {(run, id) => <CellPage route={route} run={run} id={id} />}
    </OfRun>
  );
}
