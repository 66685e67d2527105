import { expect, test } from 'vitest';
import { testResult } from '../testing.ts';
import { METRICS, metricOf } from './metrics.ts';
import { RunModel } from './run.ts';
import { rowsByRepetitions, tableOf } from './table.ts';

const run = new RunModel(testResult('after'));

// The matrix wrote these numbers; the page comes to the same from the repetitions alone.
test.each(METRICS.filter((metric) => metric.key !== null))(
  'ratios, intervals and verdicts of $id are those of the result file',
  (metric) => {
    const rows = rowsByRepetitions(run, metric, run.result.context.baseline_allocator);
    let compared = 0;
    for (const { cells } of rows) {
      for (const { cell, ratio, low, high, verdict, smallestVisible } of cells.values()) {
        const written = metric.key === null ? null : cell[metric.key];
        if (!written || written.ratio === null) continue;
        compared++;
        expect(verdict).toBe(written.verdict);
        expect(ratio).toBeCloseTo(written.ratio, 5);
        if (verdict === 'baseline') continue;
        expect(low).toEqual(
          written.ratio_low === null ? null : expect.closeTo(written.ratio_low, 5),
        );
        expect(high).toEqual(
          written.ratio_high === null ? null : expect.closeTo(written.ratio_high, 5),
        );
        if (written.smallest_visible != null) {
          expect(smallestVisible).toBeCloseTo(written.smallest_visible, 5);
        }
      }
    }
    expect(compared).toBeGreaterThan(0);
  },
);

test('another baseline turns ratios round, and is judged from the repetitions', () => {
  const table = tableOf(run, metricOf('time'), 'candidate');
  const pair = table.rows.find((row) => row.row.label === 'micro/pair');
  const glibc = pair?.cells.get('glibc');
  const known = run.cell('candidate', 'micro/pair', 1)?.time;
  expect(known?.verdict).toBe('less');
  expect(glibc?.verdict).toBe('more');
  expect(glibc?.ratio).toBeGreaterThan(1);
  expect(pair?.cells.get('candidate')).toMatchObject({ verdict: 'baseline', ratio: 1 });
  expect(table.judged).toBe(true);
});

test('without repetitions ratios are of medians, and nothing is told', () => {
  const bare = new RunModel({ ...run.result, benchmarks: [] });
  const table = tableOf(bare, metricOf('time'), 'candidate');
  expect(table.judged).toBe(false);
  const glibc = table.rows[0]?.cells.get('glibc');
  const medians = [bare.cell('glibc', 'micro/pair', 1), bare.cell('candidate', 'micro/pair', 1)];
  const [of, to] = medians.map((cell) => cell?.time?.median ?? NaN);
  expect(glibc?.ratio).toBeCloseTo((of ?? 0) / (to ?? 1), 12);
  expect(glibc?.verdict).toBe('cannot_tell');
  expect(tableOf(bare, metricOf('faults'), 'glibc').rows).toEqual([]);
});

test('page faults and fragmentation come from the repetitions', () => {
  const faults = tableOf(run, metricOf('faults'), 'glibc');
  const cell = faults.rows[0]?.cells.get('candidate');
  expect(cell?.median).toBeGreaterThan(0);
  expect(cell?.low).not.toBeNull();
  // micro/pair holds some 256 bytes: of that no fragmentation can be told.
  const rows = tableOf(run, metricOf('fragmentation'), 'glibc').rows.map((row) => row.row.label);
  expect(rows).toEqual(['memory/phases', 'trace/python_report']);
});
