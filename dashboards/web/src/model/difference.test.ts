import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testResult } from '../testing.ts';
import { differencesOf, whyIncomparable } from './difference.ts';
import { METRICS, metricOf } from './metrics.ts';
import { RunModel } from './run.ts';

const before = new RunModel(testResult('before'));
const after = new RunModel(testResult('after'));

const changed = (change: (result: ReturnType<typeof testResult>) => void): RunModel => {
  const result = testResult('after');
  change(result);
  return new RunModel(result);
};

test('a run does not differ from itself', () => {
  const { cells, broken, notes } = differencesOf(after, after, metricOf('time'));
  expect(cells.length).toBeGreaterThan(0);
  expect(cells.every((cell) => cell.judgement.verdict === 'cannot_tell')).toBe(true);
  expect(cells.every((cell) => cell.comparison.ratio === 1)).toBe(true);
  expect([...broken, ...notes]).toEqual([]);
});

test('another machine, other work or no repetitions: not comparable', () => {
  expect(whyIncomparable(before, after)).toBeNull();
  const machine = changed(({ context }) => (context.host_name = 'machine-0'));
  expect(whyIncomparable(before, machine)).toContain('different machines');
  expect(
    whyIncomparable(
      before,
      changed(({ context }) => (context.seed = 9)),
    ),
  ).toContain('seed');
  expect(
    whyIncomparable(
      before,
      changed((it) => (it.benchmarks = [])),
    ),
  ).toContain('repetitions');
});

test('what fails now is broken; another kernel or library is noted', () => {
  const broken = changed((it) => {
    it.context.kernel = 'Linux 99';
    for (const cell of it.cells) {
      if (cell.name !== 'candidate/micro/pair/threads:1') continue;
      Object.assign(cell, { status: 'failed', message: 'it crashed' });
    }
    for (const allocator of it.allocators) allocator.sha256 = null;
  });
  const found = differencesOf(before, broken, metricOf('time'));
  expect(found.broken).toMatchObject([{ message: 'it crashed' }]);
  expect(found.notes.join(' ')).toMatch(/Kernel: Linux .* before, Linux 99 after/);
  expect(found.notes.join(' ')).toContain('The baselines are different libraries');
});

const matrix = process.env['MATRIX'];
const WORDS = { better: 'less', WORSE: 'more', 'cannot tell': 'cannot_tell' } as const;
const isWord = (word: string): word is keyof typeof WORDS => word in WORDS;

// Needs the matrix itself: Bazel's test gives it.
test.skipIf(matrix === undefined)('says what `matrix compare` says, number for number', () => {
  const file = (name: string): string =>
    fileURLToPath(new URL(`../../tests/data/${name}.json`, import.meta.url));
  const command = ['compare', '--all', file('before'), file('after')];
  const sections = execFileSync(matrix ?? '', command, { encoding: 'utf8' }).split('\n\n');
  let compared = 0;
  for (const metric of METRICS.filter((it) => it.explains !== true)) {
    const { cells } = differencesOf(before, after, metric);
    // Sections are in the order of the result's own metrics: found by what is in them.
    const lines = cells.map(({ after: cell, comparison, judgement }) => ({
      cell: cell.name,
      ratio: comparison.ratio.toFixed(3),
      interval: comparison.interval
        ? `(${comparison.interval.low.toFixed(3)} to ${comparison.interval.high.toFixed(3)})`
        : null,
      verdict: judgement.verdict,
    }));
    const said = sections
      .map((section) =>
        section.split('\n').flatMap((line) => {
          const found = /^ {2}(better|WORSE|cannot tell) +(\S+) +(\S+)(?: {2}(\(.*?\)))?/.exec(
            line,
          );
          const [, word = '', cell, ratio, interval = null] = found ?? [];
          return isWord(word) ? [{ cell, ratio, interval, verdict: WORDS[word] }] : [];
        }),
      )
      .filter((section) => section.length > 0);
    expect(said).toContainEqual(lines);
    compared += lines.length;
  }
  expect(compared).toBeGreaterThan(20);
});
