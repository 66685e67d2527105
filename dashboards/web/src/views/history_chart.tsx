import { dot, line, rect, ruleX, text } from '@observablehq/plot';
import type { JSX } from 'preact';
import { noiseBands } from '../model/change_points.ts';
import { formatChange, formatDate } from '../model/format.ts';
import { Chart } from '../ui/chart.tsx';
import { formatShown, pointName, type Series } from './history.tsx';

// With more, intervals would be a grey carpet.
const INTERVALS_MOST = 150;
const NAMES_MOST = 12;

interface Drawn {
  at: number;
  value: number;
  low: number | null;
  high: number | null;
  name: string;
  label: string | null;
  date: string;
}

export function HistoryChart({ series, name }: { series: Series; name: string }): JSX.Element {
  const { points, values, changes, metric, shown } = series;
  const drawn: Drawn[] = points.map((point, at) => ({
    at,
    value: values[at] ?? 0,
    low: shown === 'ratio' ? point.ratio_low : null,
    high: shown === 'ratio' ? point.ratio_high : null,
    name: pointName(point),
    label: point.label,
    date: point.date,
  }));
  const bands = noiseBands(values, changes);
  const intervals =
    drawn.length <= INTERVALS_MOST ? drawn.filter((it) => it.low !== null && it.high !== null) : [];
  const labelled = drawn.filter((it, i) => it.label !== null && it.label !== drawn[i - 1]?.label);
  const marks = changes.map((change) => ({ ...change, ratio: change.after / change.before }));
  const last = drawn[drawn.length - 1];
  // Intervals may leave the picture: one wild run must not flatten all others.
  const shownValues = [...values, ...bands.flatMap((band) => [band.low, band.high])];
  // "11-25 10:21" where the runs are of a few days, else "2026-11-25".
  const days = (Date.parse(last?.date ?? '') - Date.parse(drawn[0]?.date ?? '')) / 86_400_000;
  const shownOfDate: [number, number] = days < 4 ? [5, 16] : [0, 10];
  type Mark = (typeof marks)[number];
  return (
    <Chart
      name={`history-${metric.id}`}
      title={`${metric.title} of ${name}${shown === 'ratio' ? ', ratio to the baseline' : ''}`}
      label={`${drawn.length} runs, the last ${last ? formatShown(last.value, series) : ''}; changes: ${
        marks
          .map((mark) => `${formatChange(mark.ratio)} at ${drawn[mark.at]?.name ?? ''}`)
          .join(', ') || 'none'
      }`}
      note="A dot is a run, with the interval of its ratio; the band is the noise around a level, a dashed line a change point. Runs stand side by side, however far apart in time."
      draw={(width) => ({
        height: 360,
        marginLeft: 64,
        marginRight: 40,
        marginTop: 28,
        marginBottom: 36,
        x: {
          label: null,
          domain: [-0.5, drawn.length - 0.5],
          ticks: ticksOf(drawn.length, Math.max(2, Math.floor(width / 150))),
          tickFormat: (at: number) => formatDate(drawn[at]?.date ?? '').slice(...shownOfDate),
        },
        y: {
          label: null,
          grid: true,
          domain: [Math.min(...shownValues) * 0.9, Math.max(...shownValues) * 1.1],
          ticks: 6,
          tickFormat: (value: number) => formatShown(value, series),
        },
        marks: [
          rect(bands, {
            x1: (band) => band.from - 0.5,
            x2: (band) => band.to - 0.5,
            y1: 'low',
            y2: 'high',
            fill: 'var(--less-tint)',
            fillOpacity: 0.16,
          }),
          line(
            bands.flatMap((band, i) => [
              { at: band.from - 0.5, middle: band.middle, i },
              { at: band.to - 0.5, middle: band.middle, i },
            ]),
            { x: 'at', y: 'middle', z: 'i', stroke: 'var(--less)', strokeWidth: 1.5 },
          ),
          ruleX(intervals, { x: 'at', y1: 'low', y2: 'high', strokeOpacity: 0.35, clip: true }),
          ruleX(marks, {
            x: (mark: Mark) => mark.at - 0.5,
            stroke: 'var(--more)',
            strokeWidth: 1.5,
            strokeDasharray: '5 3',
          }),
          text(marks, {
            x: (mark: Mark) => mark.at - 0.5,
            frameAnchor: 'top',
            dy: -18,
            text: (mark: Mark) => `${formatChange(mark.ratio)} ${drawn[mark.at]?.name ?? ''}`,
            fill: 'var(--ink)',
          }),
          text(labelled.length <= NAMES_MOST ? labelled : [], {
            x: 'at',
            frameAnchor: 'bottom',
            dy: -6,
            text: 'label',
            fill: 'var(--muted)',
          }),
          dot(drawn, {
            x: 'at',
            y: 'value',
            r: drawn.length > 300 ? 1.5 : 3.5,
            fill: 'var(--ink)',
            ariaLabel: (it: Drawn) => `${it.name}, ${it.date}: ${it.value}`,
          }),
        ],
      })}
    />
  );
}

// Some of the places, evenly apart, and the last.
function ticksOf(count: number, most: number): number[] {
  const step = Math.max(1, Math.ceil((count - 1) / most));
  return Array.from({ length: Math.floor((count - 1) / step) + 1 }, (_, i) => i * step);
}
