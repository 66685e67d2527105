// Did we get better? Two runs side by side.

import { dot, ruleX, ruleY } from '@observablehq/plot';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { differencesOf, whyIncomparable, type CellDifference } from '../model/difference.ts';
import { formatChange, formatRatio, formatShare, formatValue } from '../model/format.ts';
import { METRICS, metricOf, type Metric } from '../model/metrics.ts';
import type { RunModel } from '../model/run.ts';
import { FEWEST_FOR_INTERVAL, median } from '../statistics/statistics.ts';
import { address, type Route } from '../route.ts';
import { around, Chart, ratioTicks } from '../ui/chart.tsx';
import { usePage, type ViewProps } from '../ui/context.tsx';
import { Controls, Exports, Segments, Select } from '../ui/controls.tsx';
import { choose } from '../ui/hooks.ts';
import { Empty, NoRuns, Warning, WhenLoaded } from '../ui/notice.tsx';
import { RunPicker, useRun } from '../ui/run_picker.tsx';
import { Words } from '../ui/words.tsx';

const VERDICTS = { less: 'improved', more: 'regressed', cannot_tell: 'cannot tell' } as const;
const ORDER = { more: 0, less: 1, cannot_tell: 2 } as const;
const CHARTED_MOST = 40;
const NARROW = 500;
const MARGIN_RIGHT = 20;

const nameOf = ({ after }: CellDifference): string =>
  `${after.allocator} · ${after.workload}${after.threads > 1 ? ` ×${after.threads}` : ''}`;

// What changed first, and the most changed of those.
function sorted(cells: readonly CellDifference[]): CellDifference[] {
  const distance = (cell: CellDifference): number => Math.abs(Math.log(cell.comparison.ratio));
  return [...cells].sort(
    (a, b) => ORDER[a.judgement.verdict] - ORDER[b.judgement.verdict] || distance(b) - distance(a),
  );
}

function Counts({ cells }: { cells: readonly CellDifference[] }): JSX.Element {
  const count = (verdict: keyof typeof VERDICTS): number =>
    cells.filter((cell) => cell.judgement.verdict === verdict).length;
  const visible = cells
    .map((cell) => cell.judgement.smallestVisible)
    .filter((share) => share !== null);
  return (
    <>
      <p class="counts">
        <span class="tag more">▴ {count('more')} regressed</span>
        <span class="tag less">▾ {count('less')} improved</span>
        <span class="tag">{count('cannot_tell')} cannot tell</span>
      </p>
      <p class="lead">
        {visible.length === 0
          ? `Nothing can be told: it takes ${FEWEST_FOR_INTERVAL} rounds in both runs.`
          : `Threshold: half of the cells would have shown a difference of ${formatShare(median(visible))}; what is smaller may be there, unseen.`}
      </p>
    </>
  );
}

function DifferenceChart({
  cells,
  metric,
}: {
  cells: readonly CellDifference[];
  metric: Metric;
}): JSX.Element {
  const charted = cells.slice(0, CHARTED_MOST).map((cell) => ({
    name: nameOf(cell),
    ratio: cell.comparison.ratio,
    low: cell.comparison.interval?.low ?? cell.comparison.ratio,
    high: cell.comparison.interval?.high ?? cell.comparison.ratio,
    threshold: cell.judgement.smallestVisible,
    verdict: cell.judgement.verdict,
  }));
  type Charted = (typeof charted)[number];
  const colour = ({ verdict }: Charted): string =>
    verdict === 'cannot_tell' ? 'var(--muted)' : `var(--${verdict})`;
  const said = charted.slice(0, 10).map((it) => `${it.name} ${formatChange(it.ratio)}`);
  const domain = around(charted.flatMap((it) => [it.low, it.high]));
  const shown = cells.length > CHARTED_MOST ? ` (the first ${CHARTED_MOST})` : '';
  return (
    <Chart
      name={`compare-${metric.id}`}
      title={`${metric.title}, after / before${shown}`}
      label={`${metric.title}, after to before: ${said.join(', ')}`}
      note="A dot is the ratio, the line its interval; the pale bar is what could not have been seen. Left of 1 is better."
      draw={(width) => ({
        height: charted.length * 22 + 40,
        marginLeft: Math.min(260, width * 0.5),
        marginRight: MARGIN_RIGHT,
        marginTop: 4,
        x: {
          type: 'log',
          domain,
          clamp: true,
          ticks: ratioTicks(domain, width - Math.min(260, width * 0.5) - MARGIN_RIGHT),
          tickFormat: formatRatio,
          label: null,
          grid: true,
        },
        y: {
          label: null,
          domain: charted.map((it) => it.name),
          tickSize: 0,
          // On a phone the family is left out.
          tickFormat: (name: string) => (width < NARROW ? name.replace(/ · \w+\//, ' ') : name),
        },
        marks: [
          ruleY(
            charted.filter((it) => it.threshold !== null),
            {
              y: 'name',
              x1: (it: Charted) => 1 / (1 + (it.threshold ?? 0)),
              x2: (it: Charted) => 1 + (it.threshold ?? 0),
              stroke: 'var(--ink)',
              strokeOpacity: 0.1,
              strokeWidth: 12,
            },
          ),
          ruleX([1], { stroke: 'var(--ink)', strokeOpacity: 0.5 }),
          ruleY(charted, { y: 'name', x1: 'low', x2: 'high', stroke: colour, strokeWidth: 2 }),
          dot(charted, {
            x: 'ratio',
            y: 'name',
            r: 4.5,
            fill: colour,
            symbol: (it: Charted) => it.verdict,
            ariaLabel: (it: Charted) => `${it.name}: ${it.ratio}`,
          }),
        ],
        symbol: {
          domain: ['less', 'more', 'cannot_tell'],
          range: ['circle', 'triangle', 'square'],
        },
      })}
    />
  );
}

function DifferenceTable({
  cells,
  metric,
  id,
}: {
  cells: readonly CellDifference[];
  metric: Metric;
  id: string;
}): JSX.Element {
  return (
    <div class="scroll tall" role="region" aria-label="Differences" tabIndex={0}>
      <table class="pinned">
        <thead>
          <tr>
            <th scope="col">Cell</th>
            <th scope="col">Verdict</th>
            <th scope="col" class="number">
              Before
            </th>
            <th scope="col" class="number">
              After
            </th>
            <th scope="col" class="number">
              Ratio
            </th>
            <th scope="col" class="number">
              Interval
            </th>
            <th scope="col" class="number">
              Threshold
            </th>
          </tr>
        </thead>
        <tbody>
          {cells.map((cell) => {
            const { interval, ratio } = cell.comparison;
            const { verdict, smallestVisible } = cell.judgement;
            const { allocator, workload, threads } = cell.after;
            const parameters = { run: id, workload, threads: String(threads), allocator };
            return (
              <tr key={cell.after.name} data-verdict={verdict}>
                <th scope="row">
                  <a href={address('cell', { ...parameters, metric: metric.id })}>{nameOf(cell)}</a>
                </th>
                <td>
                  <span class={`tag ${verdict}`}>{VERDICTS[verdict]}</span>
                </td>
                <td class="number">{formatValue(cell.beforeMedian, metric.unit)}</td>
                <td class="number">{formatValue(cell.afterMedian, metric.unit)}</td>
                <td class="number">
                  <strong>{formatRatio(ratio)}</strong>{' '}
                  <span class="muted">{formatChange(ratio)}</span>
                </td>
                <td class="number muted">
                  {interval ? `${formatRatio(interval.low)}–${formatRatio(interval.high)}` : '–'}
                </td>
                <td class="number muted">
                  {smallestVisible === null ? '–' : formatShare(smallestVisible)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface SidesProps {
  route: Route;
  before: RunModel;
  after: RunModel;
  id: string;
}

function Sides({ route, before, after, id }: SidesProps): JSX.Element {
  const metric = metricOf(route.parameters['metric']);
  const problem = whyIncomparable(before, after);
  const differences = useMemo(
    () => (problem === null ? differencesOf(before, after, metric) : null),
    [before, after, metric, problem],
  );
  if (!differences) {
    return (
      <Warning>
        <strong>These two runs cannot be compared.</strong> {problem}
      </Warning>
    );
  }
  const all = sorted(differences.cells);
  const only = route.parameters['only'] ?? 'differ';
  const differing = all.filter((cell) => cell.judgement.verdict !== 'cannot_tell');
  const shown = only === 'differ' && differing.length > 0 ? differing : all;
  return (
    <>
      {(differences.notes.length > 0 || differences.broken.length > 0) && (
        <Warning>
          <ul>
            {differences.broken.map(({ cell, message }) => (
              <li key={cell.name}>
                <strong>Broken:</strong> {cell.name}: {message}
              </li>
            ))}
            {differences.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </Warning>
      )}
      {all.length === 0 ? (
        <Empty title="No cell in common">
          <p>The two runs share no cell that has {metric.title.toLowerCase()}.</p>
        </Empty>
      ) : (
        <>
          <Counts cells={all} />
          <DifferenceChart cells={shown} metric={metric} />
          <div class="table-head">
            <Segments
              label="Cells"
              value={shown === all ? 'all' : 'differ'}
              options={[
                { value: 'differ', text: `that differ (${differing.length})` },
                { value: 'all', text: `all (${all.length})` },
              ]}
              onChange={(value) => choose(route, { only: value === 'differ' ? undefined : value })}
            />
            <Exports
              name={`compare-${metric.id}`}
              rows={() => [
                [
                  'allocator',
                  'workload',
                  'threads',
                  'metric',
                  'before',
                  'after',
                  'ratio',
                  'ratio_low',
                  'ratio_high',
                  'p',
                  'p_adjusted',
                  'threshold',
                  'verdict',
                ],
                ...all.map((cell) => [
                  cell.after.allocator,
                  cell.after.workload,
                  cell.after.threads,
                  metric.id,
                  cell.beforeMedian,
                  cell.afterMedian,
                  cell.comparison.ratio,
                  cell.comparison.interval?.low,
                  cell.comparison.interval?.high,
                  cell.comparison.p,
                  cell.judgement.adjustedP,
                  cell.judgement.smallestVisible,
                  cell.judgement.verdict,
                ]),
              ]}
              json={() => ({ metric: metric.id, ...differences })}
            />
          </div>
          <DifferenceTable cells={shown} metric={metric} id={id} />
        </>
      )}
    </>
  );
}

function Compare({ route }: ViewProps): JSX.Element {
  const { runs } = usePage();
  const after = route.parameters['after'] ?? runs[0]?.id ?? '';
  const newer = runs.findIndex((run) => run.id === after);
  // The next older run of the same machine.
  const older = runs.slice(newer + 1);
  const host = runs[newer]?.host_name;
  const fallback = older.find((run) => run.host_name === host) ?? older[0] ?? runs[0];
  const before = route.parameters['before'] ?? fallback?.id ?? '';
  const loadedBefore = useRun(before, 'repetitions');
  const loadedAfter = useRun(after, 'repetitions');
  const metric = metricOf(route.parameters['metric']);
  return (
    <>
      <Controls>
        <RunPicker route={route} parameter="before" label="Before" chosen={before} />
        <RunPicker route={route} parameter="after" label="After" chosen={after} />
        <button type="button" onClick={() => choose(route, { before: after, after: before })}>
          Swap
        </button>
        <Select
          label="Metric"
          value={metric.id}
          options={METRICS.map(({ id, title }) => ({ value: id, text: title }))}
          onChange={(value) => choose(route, { metric: value })}
        />
      </Controls>
      {before === after ? (
        <Empty title="One run alone">
          <p>
            A run does not differ from itself. Measure again after your change, and both can be
            compared here.
          </p>
        </Empty>
      ) : (
        <WhenLoaded of={loadedBefore}>
          {(one) =>
            one && (
              <WhenLoaded of={loadedAfter}>
                {(other) => other && <Sides route={route} before={one} after={other} id={after} />}
              </WhenLoaded>
            )
          }
        </WhenLoaded>
      )}
      <Words of={['cell', 'baseline', 'ratio', 'noise', 'interval', 'threshold', 'comparable']} />
    </>
  );
}

export function CompareView({ route }: ViewProps): JSX.Element {
  const { source, runs } = usePage();
  if (runs.length === 0) return <NoRuns service={source.kind === 'service'} />;
  return <Compare route={route} />;
}
