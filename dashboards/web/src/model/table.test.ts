import { expect, test } from 'vitest';
import { testResult } from '../testing.ts';
import { METRICS, metricOf } from './metrics.ts';
import { RunModel } from './run.ts';
import { rowsByRepetitions, tableOf } from './table.ts';

const run = new RunModel(testResult('after'));

// The matrix wrote these numbers; the page comes to the same from the repetitions alone.
test.each(METRICS)(
  'ratios, intervals and verdicts of $id are those of the result file',
  (metric) => {
    const rows = rowsByRepetitions(run, metric, run.result.context.baseline_allocator);
    let compared = 0;
    for (const { cells } of rows) {
      for (const { cell, ratio, low, high, verdict, smallestVisible } of cells.values()) {
        const written = cell[metric.id];
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
    // Not every machine has counters.
    if (metric.id !== 'cycles' && metric.id !== 'instructions') expect(compared).toBeGreaterThan(0);
  },
);

test('another baseline turns ratios round, and is judged from the repetitions', () => {
  const table = tableOf(run, metricOf('peak_rss'), 'candidate');
  const phases = table.rows.find((row) => row.row.label === 'memory/phases');
  const glibc = phases?.cells.get('glibc');
  const known = run.cell('candidate', 'memory/phases', 1)?.peak_rss;
  expect(known?.verdict).toBe('more');
  expect(glibc?.verdict).toBe('less');
  expect(glibc?.ratio).toBeLessThan(1);
  expect(phases?.cells.get('candidate')).toMatchObject({ verdict: 'baseline', ratio: 1 });
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
});

test('what an older file does not summarise comes from its repetitions', () => {
  const cells = run.result.cells.map(({ page_faults: _, peak_fragmentation: __, ...cell }) => cell);
  const older = new RunModel({ ...run.result, cells });
  const faults = tableOf(older, metricOf('page_faults'), 'glibc');
  const cell = faults.rows[0]?.cells.get('candidate');
  expect(cell?.median).toBeGreaterThan(0);
  expect(cell?.low).not.toBeNull();
  // micro/pair holds some 256 bytes: of that no fragmentation can be told.
  const rows = tableOf(older, metricOf('peak_fragmentation'), 'glibc').rows.map(
    (row) => row.row.label,
  );
  expect(rows).toEqual(['memory/phases', 'trace/python_report']);
});
