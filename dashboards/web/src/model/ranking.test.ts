import { expect, test } from 'vitest';
import { testResult } from '../testing.ts';
import { metricOf } from './metrics.ts';
import { rank, type Weights } from './ranking.ts';
import { RunModel } from './run.ts';
import { tableOf } from './table.ts';

const run = new RunModel(testResult('after'));
const table = tableOf(run, metricOf('time'), 'glibc');
const weights = (families: [string, number][], workloads: [string, number][] = []): Weights => ({
  families: new Map(families),
  workloads: new Map(workloads),
});
const meanOf = (allocator: string, mix: Weights): number | undefined =>
  rank(run, table, mix).find((item) => item.allocator === allocator)?.mean;
const ratioOf = (workload: string): number =>
  run.cell('candidate', workload, 1)?.time?.ratio ?? NaN;

test('with equal weights the mean is the one of the result file', () => {
  const written = run.result.geomeans.find((item) => item.allocator === 'candidate');
  expect(meanOf('candidate', weights([]))).toBeCloseTo(written?.time?.ratio ?? NaN, 5);
  expect(meanOf('glibc', weights([]))).toBe(1);
});

test('a weight counts its rows so often, 0 leaves them out', () => {
  expect(
    meanOf(
      'candidate',
      weights([
        ['memory', 0],
        ['trace', 0],
      ]),
    ),
  ).toBeCloseTo(ratioOf('micro/pair'), 12);
  const expected = Math.exp(
    (3 * Math.log(ratioOf('micro/pair')) + Math.log(ratioOf('memory/phases'))) / 4,
  );
  expect(meanOf('candidate', weights([['trace', 0]], [['micro/pair', 3]]))).toBeCloseTo(
    expected,
    12,
  );
  expect(
    rank(
      run,
      table,
      weights([
        ['memory', 0],
        ['trace', 0],
        ['micro', 0],
      ]),
    ),
  ).toEqual([]);
});

test('who ran fewer rows is said', () => {
  const floor = rank(run, table, weights([])).find((item) => item.allocator === 'floor');
  expect(floor).toMatchObject({ rows: 1, rowsOfAll: 3 });
});

test('the interval is of the rounds', () => {
  const item = rank(run, table, weights([])).find((it) => it.allocator === 'candidate');
  expect(item?.low).toBeLessThan(item?.mean ?? 0);
  expect(item?.high).toBeGreaterThan(item?.mean ?? 0);
});
