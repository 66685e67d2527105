// Goes through the views of a report on real results, and holds what is drawn against them.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { formatRatio, formatValue } from '../src/model/format.ts';
import type { Cell, Repetition, Result } from '../src/model/run.ts';
import { testResult } from '../src/testing.ts';
import { openBrowser, Tab, writeReport } from './browser.ts';

const before = testResult('before');
const after = testResult('after');

let browser: Browser;
let tab: Tab;
let report: string;

beforeAll(async () => {
  browser = await openBrowser();
  report = writeReport([before, after]);
  tab = await Tab.open(browser, report);
});
afterEach(() => {
  tab.url = report;
  expect(tab.faults).toEqual([]);
});
afterAll(() => browser?.close());

const cellOf = (result: Result, name: string): Cell => {
  const found = result.cells.find((cell) => cell.name === name);
  if (!found) throw new Error(`no cell ${name}`);
  return found;
};

const repetitionsOf = (result: Result, name: string): Repetition[] =>
  result.benchmarks.filter((it) => it.run_name === name || it.name.startsWith(name));

const middle = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.floor(half - 0.5)] ?? NaN) + (sorted[Math.ceil(half - 0.5)] ?? NaN)) / 2;
};

test('matrix: every ratio, its verdict and its interval are those of the file', async () => {
  await tab.go('#/matrix?run=2');
  const shown = await tab.page.locator('table.matrix tbody td').evaluateAll((cells) =>
    cells.map((cell) => ({
      verdict: cell.className,
      text: cell.textContent ?? '',
      said: cell.querySelector('a')?.getAttribute('aria-label') ?? '',
    })),
  );
  const workloads = [...new Set(after.cells.map((cell) => cell.workload))];
  expect(shown).toHaveLength(workloads.length * after.allocators.length);
  let i = 0;
  for (const workload of workloads) {
    for (const { name } of after.allocators) {
      const time = cellOf(after, `${name}/${workload}/threads:1`).time;
      const drawn = shown[i++];
      if (!time || time.ratio === null) {
        expect(drawn?.text).toBe('–');
        continue;
      }
      expect(drawn?.text.replace(/[▾▴]/, '')).toBe(formatRatio(time.ratio));
      expect(drawn?.verdict).toContain(time.verdict);
      expect(drawn?.said).toContain(formatValue(time.median, 'ns'));
      if (time.ratio_low !== null && time.verdict !== 'baseline') {
        expect(drawn?.said).toContain(formatRatio(time.ratio_low));
      }
    }
  }
});

test('matrix: only what is beyond noise has a colour', async () => {
  await tab.go('#/matrix?run=2');
  const coloured = await tab.page.locator('table.matrix td.value').evaluateAll((cells) =>
    cells.map((cell) => ({
      told: /less|more/.test(cell.className),
      plain: getComputedStyle(cell).backgroundColor === 'rgba(0, 0, 0, 0)',
    })),
  );
  expect(coloured.some((cell) => cell.told)).toBe(true);
  expect(coloured.every((cell) => cell.told !== cell.plain)).toBe(true);
});

test('matrix: the ranking is that of the file, and follows the weights', async () => {
  await tab.go('#/matrix?run=2');
  const written = after.geomeans.map((it): [string, number] => [it.allocator, it.time?.ratio ?? 0]);
  const drawn = new Map((await tab.marks('ranking')).map((mark) => split(mark)));
  for (const [allocator, mean] of written) {
    expect(Number(drawn.get(allocator)?.[0])).toBeCloseTo(mean, 5);
  }
  await tab.page.getByText('My mix').click();
  for (const family of ['memory', 'trace']) {
    const slider = tab.page.locator('label.family', { hasText: family }).locator('input');
    await slider.focus();
    await slider.press('Home');
  }
  expect(tab.page.url()).toContain('weights=memory:0,trace:0');
  await tab.settle();
  const weighed = new Map((await tab.marks('ranking')).map((mark) => split(mark)));
  const pair = cellOf(after, 'candidate/micro/pair/threads:1').time?.ratio ?? NaN;
  expect(Number(weighed.get('candidate')?.[0])).toBeCloseTo(pair, 9);
});

test('matrix: another metric and baseline, kept in the address', async () => {
  await tab.go('#/matrix?run=2');
  await tab.page.getByLabel('Metric', { exact: true }).selectOption('peak_rss');
  await tab.page.getByLabel('Baseline', { exact: true }).selectOption('candidate');
  await tab.page.getByLabel('Value', { exact: true }).check();
  expect(tab.page.url()).toMatch(/metric=peak_rss&baseline=candidate&show=value/);
  const cell = tab.page.locator('table.matrix tbody tr').first().locator('td').first();
  const peak = cellOf(after, 'glibc/micro/pair/threads:1').peak_rss?.median ?? NaN;
  expect(await cell.innerText()).toContain(formatValue(peak, 'bytes'));
  // The address alone brings the same back.
  const link = tab.page.url();
  const told = await tab.page.locator('table.matrix').innerText();
  await tab.load(link.slice(link.indexOf('#')));
  expect(await tab.page.locator('table.matrix').innerText()).toBe(told);
});

test('cost: points are the means, the frontier leaves out who is beaten', async () => {
  await tab.go('#/cost?run=2');
  const points = new Map((await tab.marks('cost-time-peak_rss')).map((mark) => split(mark)));
  for (const { allocator, time, peak_rss: peak } of after.geomeans) {
    expect(points.get(allocator)?.map(Number)).toEqual([
      expect.closeTo(time?.ratio ?? NaN, 5),
      expect.closeTo(peak?.ratio ?? NaN, 5),
    ]);
  }
  const rows = await tab.page.locator('main table tbody tr').allInnerTexts();
  const real = [...points].filter(([name]) => name !== 'floor');
  for (const [name, [x, y]] of real) {
    const beaten = real.some(
      ([, [otherX, otherY]]) => Number(otherX) < Number(x) && Number(otherY) < Number(y),
    );
    expect(rows.find((row) => row.startsWith(name))?.includes('on it')).toBe(!beaten);
  }
  const corners = await tab.page
    .locator('[aria-description="frontier"] path')
    .evaluateAll((paths) => paths.map((path) => path.getAttribute('d') ?? ''));
  expect(corners.join('')).not.toBe('');
});

const split = (mark: string): [string, string[]] => {
  const at = mark.lastIndexOf(': ');
  return [mark.slice(0, at), mark.slice(at + 2).split(', ')];
};

test('cell: every repetition is a dot at its value', async () => {
  await tab.go('#/cell?run=2&workload=micro/pair&threads=1&allocator=candidate');
  const dots = await tab.marks('repetitions');
  const measured = after.benchmarks.filter((it) => it.workload === 'micro/pair');
  const expected = measured.map(
    (it) => `${it.allocator}, round ${it.round}: ${it.work_wall_ns / it.iterations}`,
  );
  expect([...dots].sort()).toEqual(expected.sort());
  expect(dots.length).toBe(3 * after.context.rounds);
});

test('cell: latency, memory and system calls are those of the repetitions', async () => {
  await tab.go('#/cell?run=2&workload=micro/pair&threads=1&allocator=candidate');
  const timed = repetitionsOf(after, 'candidate/micro/pair').filter((it) => it.latency);
  const p999 = middle(timed.map((it) => it.latency?.malloc?.p99_9_ns ?? NaN));
  expect(await tab.marks('latency')).toContain(`candidate, malloc p99.9: ${p999}`);

  const sampled = timed
    .concat(repetitionsOf(after, 'candidate/micro/pair'))
    .find((it) => it.rss_samples);
  const memory = await tab.marks('memory');
  expect(sampled?.rss_samples?.length).toBeGreaterThan(2);
  for (const [at = 0, rss] of sampled?.rss_samples ?? []) {
    expect(memory).toContain(`candidate, ${at / 1e6}: ${rss}`);
  }

  await tab.go('#/cell?run=2&workload=trace/python_report&threads=1&allocator=candidate');
  const samples = repetitionsOf(after, 'candidate/trace/python_report').flatMap(
    (it) => it.trace_samples ?? [],
  );
  const held = await tab.marks('memory-held');
  expect(samples.length).toBeGreaterThan(50);
  for (const [at, , rss] of samples) expect(held).toContain(`candidate, ${at}: ${rss}`);
  const calls = repetitionsOf(after, 'candidate/trace/python_report').find((it) => it.system_calls);
  const table = tab.page.getByRole('region', { name: 'System calls' });
  const mmap = calls?.system_calls?.['mmap'] ?? NaN;
  const row = await table.locator('tbody tr', { hasText: /^mmap/ }).innerText();
  expect(row.split('\t')[2]).toBe(formatValue(mmap, 'count'));
});

test('compare: verdicts and medians, and the threshold is shown', async () => {
  await tab.go('#/compare?before=1&after=2&only=all');
  expect(await tab.page.locator('.counts').innerText()).toMatch(
    /regressed.*improved.*cannot tell/s,
  );
  expect(await tab.page.locator('main').innerText()).toMatch(/would have shown a difference of \d/);
  const rows = await tab.page.locator('main tbody tr').allInnerTexts();
  expect(rows).toHaveLength(4);
  for (const row of rows) {
    const [name = '', , was, is] = row.split('\t');
    const [allocator, workload] = name.split(' · ');
    const medians = [before, after].map(
      (result) => cellOf(result, `${allocator}/${workload}/threads:1`).time?.median ?? NaN,
    );
    expect([was, is]).toEqual(medians.map((median) => formatValue(median, 'ns')));
  }
  const marks = new Map((await tab.marks('compare-time')).map((mark) => split(mark)));
  // Each value is divided by the baseline's of its round; of that, the medians.
  const relative = (result: Result): number =>
    middle(
      repetitionsOf(result, 'candidate/micro/pair').map((it) => {
        const base = repetitionsOf(result, 'glibc/micro/pair').find((of) => of.round === it.round);
        return (
          (it.work_wall_ns / (base?.work_wall_ns ?? NaN)) *
          ((base?.iterations ?? NaN) / it.iterations)
        );
      }),
    );
  expect(Number(marks.get('candidate · micro/pair')?.[0])).toBeCloseTo(
    relative(after) / relative(before),
    9,
  );
});

// The same two runs, again and again over days, as a history of one machine.
function historyOf(count: number): Result[] {
  return Array.from({ length: count }, (_, i) => {
    const of = structuredClone(i < count / 2 ? before : after);
    of.context.date = new Date(Date.UTC(2026, 0, 1 + i)).toISOString();
    of.context.commit = String(i).padStart(40, '0');
    return of;
  });
}

test('history: a dot for each run, and the change is marked where it was', async () => {
  tab.url = writeReport(historyOf(24));
  await tab.go(
    '#/history?workload=trace/python_report&allocator=candidate&metric=peak_rss&show=value',
  );
  const dots = await tab.marks('history-peak_rss');
  const [was, is] = [before, after].map(
    (result) => cellOf(result, 'candidate/trace/python_report/threads:1').peak_rss?.median,
  );
  expect(dots).toHaveLength(24);
  expect(dots.filter((dot) => dot.endsWith(`: ${was}`))).toHaveLength(12);
  expect(dots.filter((dot) => dot.endsWith(`: ${is}`))).toHaveLength(12);
  const changes = await tab.page.locator('.changes li').allInnerTexts();
  expect(changes).toHaveLength(1);
  expect(changes[0]).toContain('000000000');
  expect(changes[0]).toContain('2026-01-13');
});

test('machine: what the file says of it, and which runs are not comparable', async () => {
  const other = structuredClone(before);
  other.context.host_name = 'machine-0123456789ab';
  other.context.date = '2026-01-01T00:00:00+00:00';
  tab.url = writeReport([other, after]);
  await tab.go('#/machine?run=2');
  const facts = await tab.page.locator('.facts-list').innerText();
  const { cpu_model: cpu, kernel, libc, compiler, cell_flags: flags } = after.context;
  for (const fact of [cpu ?? '', kernel ?? '', libc, compiler, flags])
    expect(facts).toContain(fact);
  const rows = await tab.page
    .getByRole('region', { name: 'All runs' })
    .locator('tbody tr')
    .allInnerTexts();
  expect(rows[0]).toContain('shown above');
  expect(rows[1]).toContain('not comparable: another machine');
  await tab.go('#/compare?before=1&after=2');
  expect(await tab.page.locator('main').innerText()).toContain('These two runs cannot be compared');
});

test('exports: CSV, JSON, SVG and PNG of what is shown', async () => {
  await tab.go('#/matrix?run=2');
  const csv = (await tab.download('CSV')).content.toString();
  const time = cellOf(after, 'candidate/micro/pair/threads:1').time;
  const row = csv.split('\r\n').find((line) => line.startsWith('micro/pair,1,candidate,time,'));
  expect(row).toBe(
    `micro/pair,1,candidate,time,ns,${time?.median},glibc,${time?.ratio},${time?.ratio_low},${time?.ratio_high},${time?.verdict}`,
  );
  const json: unknown = JSON.parse((await tab.download('JSON')).content.toString());
  expect(json).toMatchObject({ metric: 'time', baseline: 'glibc', run: '2' });
  const title = 'Time per operation, ratio to glibc: less is better';
  const svg = (await tab.download(`SVG of: ${title}`)).content.toString();
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg).toContain('>candidate</text>');
  expect(svg).not.toMatch(/var\(|<style|<script/);
  const png = (await tab.download(`PNG of: ${title}`)).content;
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.length).toBeGreaterThan(2000);
});

test('an empty report says what to do next, in every view', async () => {
  tab.url = writeReport([]);
  for (const view of ['matrix', 'cost', 'cell', 'compare', 'history', 'machine', 'run']) {
    await tab.go(`#/${view}`);
    expect(await tab.page.locator('main').innerText()).toContain('bazel run //');
  }
});
