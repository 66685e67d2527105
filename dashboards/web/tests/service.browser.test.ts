// The page at a service: the list of runs, histories that the service answers, uploads, and a run
// from its start to its verdict.

import type { Browser } from 'playwright-core';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, beforeAll, afterAll, expect, test } from 'vitest';
import { formatRatio, formatValue } from '../src/model/format.ts';
import type { Result } from '../src/model/run.ts';
import { testResult } from '../src/testing.ts';
import { openBrowser, pageText, Tab } from './browser.ts';
import { FakeService } from './fake_service.ts';

const SCRIPT_KIB_MOST = 300;

const before = testResult('before');
const after = testResult('after');

let browser: Browser;
let service: FakeService;
let tab: Tab;

beforeAll(async () => {
  browser = await openBrowser();
  tab = await Tab.open(browser, '');
});
afterAll(() => browser?.close());

async function serve(results: readonly Result[]): Promise<void> {
  service = new FakeService(pageText(), results);
  tab.url = await service.start();
}

beforeEach(() => serve([before, after]));
afterEach(async () => {
  expect(tab.faults).toEqual([]);
  // Before its service goes, which an open page would ask again.
  await tab.page.goto('about:blank');
  service.stop();
});

test('the script is small enough', () => {
  const script = /<script type="module">(.*)<\/script>/s.exec(pageText())?.[1] ?? '';
  const kib = gzipSync(script).length / 1024;
  console.log(`script: ${(script.length / 1024).toFixed(0)} KiB, ${kib.toFixed(0)} KiB compressed`);
  expect(script.length).toBeGreaterThan(100_000);
  expect(kib).toBeLessThan(SCRIPT_KIB_MOST);
});

test('the newest run is shown first, and a permalink shows its own', async () => {
  await tab.go('#/matrix');
  const cell = tab.page.locator('table.matrix tbody tr').first().locator('td').nth(1);
  const ratioOf = (result: Result): string =>
    formatRatio(
      result.cells.find((it) => it.name === 'candidate/micro/pair/threads:1')?.time?.ratio ?? 0,
    );
  expect(await cell.innerText()).toContain(ratioOf(after));
  await tab.load(`#/matrix?run=${service.idOf(before)}`);
  expect(await cell.innerText()).toContain(ratioOf(before));
});

test('repetitions come where they are read, and only there', async () => {
  const whole = `GET /api/v1/runs/${service.idOf(after)}`;
  await tab.go('#/matrix');
  expect(service.asked).toContain(`${whole}/summary`);
  expect(service.asked).not.toContain(whole);
  await tab.go('#/matrix?baseline=candidate');
  expect(service.asked).toContain(whole);
  expect(await tab.page.locator('table.matrix td.less, table.matrix td.more').count()).not.toBe(0);
});

test('a long list of runs comes by and by', async () => {
  service.stop();
  const many = Array.from({ length: 150 }, (_, i) => {
    const date = new Date(Date.UTC(2026, 0, 1, i)).toISOString();
    return { ...before, benchmarks: [], context: { ...before.context, date } };
  });
  await serve(many);
  await tab.go('#/machine');
  const rows = tab.page.getByRole('region', { name: 'All runs' }).locator('tbody tr');
  expect(await rows.count()).toBe(60);
  await tab.page.getByRole('button', { name: 'Older runs' }).click();
  await rows.nth(149).waitFor();
  expect(await rows.count()).toBe(150);
  expect(await tab.page.getByRole('button', { name: 'Older runs' }).count()).toBe(0);
});

test('history is the service’s answer', async () => {
  await tab.go('#/history?workload=micro/pair&allocator=candidate&show=value');
  const medians = [before, after].map(
    (it) => it.cells.find((cell) => cell.name === 'candidate/micro/pair/threads:1')?.time?.median,
  );
  const dots = await tab.marks('history-time');
  expect(dots.map((dot) => Number(dot.slice(dot.lastIndexOf(' '))))).toEqual(medians);
  expect(service.asked.some((it) => it.includes('/history?workload=micro%2Fpair'))).toBe(true);
});

test('an upload is stored, and what is refused says why', async () => {
  service.stop();
  await serve([]);
  await tab.go('#/machine');
  const upload = tab.page.getByLabel('Upload a result file');
  await upload.setInputFiles({
    name: 'bad.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{}'),
  });
  await tab.page.getByRole('status').filter({ hasText: 'not as its schema says' }).waitFor();
  // The browser itself notes the refusal.
  expect(tab.faults.splice(0)).toEqual([expect.stringContaining('422')]);
  service.token = 'secret';
  const good = {
    name: 'a.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(after)),
  };
  await upload.setInputFiles(good);
  await tab.page.getByLabel('Token of the service').fill('secret');
  expect(tab.faults.splice(0)).toEqual([expect.stringContaining('401')]);
  await upload.setInputFiles([]);
  await upload.setInputFiles(good);
  await tab.page.locator('.facts-list').waitFor();
  expect(await tab.page.locator('.facts-list').innerText()).toContain(after.context.compiler);
});

test('a run: choose, start, watch its cells arrive, read the verdict', async () => {
  await tab.go('#/run');
  await tab.page.getByLabel('floor', { exact: true }).uncheck();
  await tab.page.getByLabel('phases', { exact: true }).check();
  await tab.page.getByLabel(/Rounds/).fill('8');
  await tab.page.getByRole('button', { name: 'Start' }).click();
  const card = tab.page.locator('.job').first();
  await card.locator('.tag', { hasText: 'queued' }).waitFor();
  const [job] = service.jobs;
  if (!job) throw new Error('no job was started');
  expect(job.request).toEqual({
    suite: 'quick',
    allocators: ['glibc', 'candidate'],
    workloads: ['micro/pair', 'memory/phases'],
    threads: [],
    rounds: 8,
    trace: null,
  });

  const cell = { allocator: 'candidate', workload: 'micro/pair', threads: 1, status: 'ok' };
  const running = {
    ...job,
    state: 'running',
    progress: { done: 5, total: 32, seconds_left: 70 },
  } as const;
  service.change({ ...running, cells: [{ ...cell, median_ns: 12.5, repetitions: 1 }] });
  await card.getByText(formatValue(12.5, 'ns')).waitFor();
  expect(await card.innerText()).toContain('5 of 32 repetitions, 1 min 10 s left');
  service.change({ ...running, cells: [{ ...cell, median_ns: 11.25, repetitions: 2 }] });
  await card.getByText(formatValue(11.25, 'ns')).waitFor();

  service.change({ ...job, state: 'done', run: service.idOf(after) });
  await card.locator('[data-chart="ranking"] svg').waitFor();
  const mean = after.geomeans.find((it) => it.allocator === 'candidate')?.time?.ratio ?? NaN;
  const drawn = (await tab.marks('ranking')).find((mark) => mark.startsWith('candidate: '));
  expect(Number(drawn?.slice('candidate: '.length))).toBeCloseTo(mean, 5);
  expect(await card.getByRole('link', { name: 'The whole matrix' }).getAttribute('href')).toBe(
    `#/matrix?run=${service.idOf(after)}`,
  );
});

test('a run is cancelled, an interrupted one goes on', async () => {
  await tab.go('#/run');
  await tab.page.getByRole('button', { name: 'Start' }).click();
  await tab.page.getByRole('button', { name: 'Cancel' }).click();
  await tab.page.locator('.tag.cancelled').waitFor();
  const [job] = service.jobs;
  if (!job) throw new Error('no job was started');
  service.change({ ...job, state: 'interrupted', message: 'the service was stopped' });
  await tab.load('#/run');
  await tab.page.getByText('the service was stopped').waitFor();
  await tab.page.getByRole('button', { name: 'Resume' }).click();
  await tab.page.locator('.tag.queued').waitFor();
});

test('a trace is dropped in, and run', async () => {
  await tab.go('#/run');
  const file = tab.page.locator('.drop input');
  await file.setInputFiles({ name: 'x.loamtrace', mimeType: '', buffer: Buffer.from('nonsense') });
  await tab.page.getByText('that is no trace').waitFor();
  expect(tab.faults.splice(0)).toEqual([expect.stringContaining('422')]);
  await file.setInputFiles({
    name: 'mine.loamtrace',
    mimeType: '',
    buffer: Buffer.from('loamtrace1'),
  });
  await tab.page.getByText('mine.loamtrace: 1,200 calls, 2 threads').waitFor();
  await tab.page.getByRole('button', { name: 'Start' }).click();
  await tab.page.locator('.tag.queued').waitFor();
  expect(service.jobs[0]?.request).toMatchObject({ trace: 't1', workloads: [] });
});

test('a service that is gone is one clear line', async () => {
  await tab.go('#/matrix');
  service.stop();
  await tab.page.getByRole('link', { name: 'History' }).click();
  await tab.page.getByText('the service does not answer').waitFor();
  tab.faults.splice(0);
});
