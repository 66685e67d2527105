// The ranking that follows from a person's mix, as a sentence and as a chart.

import { dot, ruleX, ruleY, text } from '@observablehq/plot';
import type { JSX } from 'preact';
import { formatChange, formatRatio, plural } from '../model/format.ts';
import type { Metric } from '../model/metrics.ts';
import type { Ranked } from '../model/ranking.ts';
import type { RunModel } from '../model/run.ts';
import { lookOf } from '../ui/allocators.ts';
import { around, Chart, ratioTicks } from '../ui/chart.tsx';

interface RankingProps {
  run: RunModel;
  metric: Metric;
  baseline: string;
  ranked: readonly Ranked[];
}

const overlaps = (a: Ranked, b: Ranked): boolean =>
  a.low !== null && a.high !== null && b.low !== null && b.high !== null && a.high >= b.low;

function Verdict({ metric, baseline, ranked }: RankingProps): JSX.Element | null {
  const real = ranked.filter((item) => item.kind !== 'floor');
  const [first, ...others] = real;
  if (!first || others.length === 0) return null;
  const near = others.filter((other) => other.allocator !== baseline && overlaps(first, other));
  if (first.allocator === baseline) {
    return (
      <p class="verdict">
        Nothing needs less than <strong>{baseline}</strong> over this mix.
      </p>
    );
  }
  const unsure = first.high !== null && first.high >= 1;
  return (
    <p class="verdict">
      <strong>{first.allocator}</strong> is ahead: <strong>{formatChange(first.mean)}</strong>{' '}
      {metric.title.toLowerCase()} against {baseline}
      {first.low !== null && first.high !== null && (
        <span class="muted">
          {' '}
          (between {formatChange(first.low)} and {formatChange(first.high)})
        </span>
      )}
      , over {plural(first.rows, 'row')}.{unsure && ' That may be chance.'}
      {near.length > 0 && (
        <>
          {' '}
          Their intervals overlap, so it cannot be told from{' '}
          {near.map((item) => item.allocator).join(', ')}.
        </>
      )}
    </p>
  );
}

export function Ranking(props: RankingProps): JSX.Element | null {
  const { run, metric, baseline, ranked } = props;
  if (ranked.length < 2) return null;
  const partial = ranked.filter((item) => item.rows < item.rowsOfAll);
  const said = ranked.map((item) => `${item.allocator} ${formatRatio(item.mean)}`).join(', ');
  const domain = around(ranked.flatMap((item) => [item.low, item.mean, item.high]));
  const withInterval = ranked.filter((item) => item.low !== null && item.high !== null);
  return (
    <section class="ranking" aria-label="Ranking">
      <Verdict {...props} />
      <Chart
        name="ranking"
        title={`${metric.title}, ratio to ${baseline}: less is better`}
        label={`Ranking, ratios to ${baseline}: ${said}`}
        {...(partial.length > 0 && {
          note: `Not of all rows: ${partial
            .map((item) => `${item.allocator} ${item.rows} of ${item.rowsOfAll}`)
            .join(', ')}.`,
        })}
        draw={(width) => ({
          height: ranked.length * 26 + 40,
          marginLeft: width < 500 ? 96 : 120,
          marginRight: 56,
          marginTop: 4,
          x: {
            type: 'log',
            domain,
            ticks: ratioTicks(domain, width - 176),
            tickFormat: (value: number) => formatRatio(value),
            label: null,
          },
          y: { label: null, domain: ranked.map((item) => item.allocator), tickSize: 0 },
          marks: [
            ruleX([1], { stroke: 'var(--ink)', strokeOpacity: 0.4, strokeDasharray: '3 3' }),
            ruleY(withInterval, {
              y: 'allocator',
              x1: 'low',
              x2: 'high',
              stroke: (item: Ranked) => lookOf(run.allocators, item.allocator).colour,
              strokeWidth: 2,
            }),
            dot(ranked, {
              x: 'mean',
              y: 'allocator',
              r: 5,
              fill: (item: Ranked) => lookOf(run.allocators, item.allocator).colour,
              ariaLabel: (item: Ranked) => `${item.allocator}: ${item.mean}`,
            }),
            text(ranked, {
              x: (item: Ranked) => item.high ?? item.mean,
              y: 'allocator',
              text: (item: Ranked) => formatRatio(item.mean),
              textAnchor: 'start',
              dx: 10,
              fill: 'var(--ink)',
              fontVariant: 'tabular-nums',
            }),
          ],
        })}
      />
    </section>
  );
}
