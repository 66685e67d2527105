import { expect, test } from 'vitest';
import { testResult } from '../testing.ts';
import { ReportSource } from './report_source.ts';
import { checkedResult, InvalidData } from './validate.ts';

test('a result that is not as the schema says is refused, with the place', () => {
  const good = testResult('after');
  expect(() => checkedResult({ ...good, schema: 'loam-matrix-v2' }, 'run 1')).toThrow(
    /^run 1 is not as its schema says at \/schema/,
  );
  const cells = good.cells.map((cell) => ({ ...cell, threads: 0 }));
  expect(() => checkedResult({ ...good, cells }, 'run 1')).toThrow(/\/cells\/0\/threads/);
  expect(() => checkedResult(null, 'run 1')).toThrow(InvalidData);
  expect(() => new ReportSource([])).toThrow(InvalidData);
});

test('fields that are newer than the page are let through', () => {
  expect(() => checkedResult({ ...testResult('after'), newer: 1 }, 'run 1')).not.toThrow();
});

test('a report lists its runs, newest first, and pages through them', async () => {
  const source = new ReportSource({ runs: [testResult('before'), testResult('after')] });
  const first = await source.runs(1);
  expect(first).toMatchObject({ total: 2, next: '1', runs: [{ id: '2', rounds: 6 }] });
  expect(await source.runs(1, '1')).toMatchObject({ next: null, runs: [{ id: '1' }] });
  await expect(source.result('3')).rejects.toThrow('this report has no run 3');
  const cells = await source.cells();
  expect(cells.workloads.map((workload) => workload.name)).toContain('memory/phases');
  const { points } = await source.history({
    workload: 'micro/pair',
    threads: 1,
    allocator: 'candidate',
    metric: 'time',
    host: null,
  });
  expect(points.map((point) => point.run)).toEqual(['1', '2']);
  expect(points[1]?.median).toBe(testResult('after').cells[1]?.time?.median);
});
