// The page at the service itself: an upload, a history, and a run of the matrix from its start to
// its verdict. Bazel's test gives the program; by hand, SERVE names it.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkedResult } from '../src/data/validate.ts';
import { formatRatio } from '../src/model/format.ts';
import { testResult } from '../src/testing.ts';
import { openBrowser, Tab } from './browser.ts';

const program = process.env['SERVE'];
const RUN_MS_MOST = 120_000;

let browser: Browser;
let service: ChildProcess | undefined;
let tab: Tab;

// The service prints its address when it listens.
function start(serve: string): Promise<string> {
  const data = join(mkdtempSync(join(tmpdir(), 'service-')), 'results.db');
  const child = spawn(serve, ['--port', '0', '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  service = child;
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (part: Buffer): void => {
      said += part.toString();
      const address = /http:\/\/127\.0\.0\.1:\d+\//.exec(said)?.[0];
      if (address) resolve(address);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', () => reject(new Error(`the service ended: ${said}`)));
  });
}

beforeAll(async () => {
  if (program === undefined) return;
  browser = await openBrowser();
  tab = await Tab.open(browser, await start(program));
});
afterAll(async () => {
  await browser?.close();
  service?.kill();
});

test.skipIf(program === undefined)('an empty service, two uploads, and what they say', async () => {
  await tab.go('#/matrix');
  expect(await tab.page.locator('main').innerText()).toContain('No runs yet');
  await tab.go('#/machine');
  for (const name of ['before', 'after'] as const) {
    await tab.page.getByLabel('Upload a result file').setInputFiles({
      name: `${name}.json`,
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(testResult(name))),
    });
    const time = testResult(name).context.date.slice(11, 16);
    await tab.page.getByRole('region', { name: 'All runs' }).getByText(time).waitFor();
  }
  await tab.go('#/matrix');
  const shown = tab.page.locator('table.matrix tbody tr').first().locator('td').nth(1);
  const pair = testResult('after').cells.find((it) => it.name === 'candidate/micro/pair/threads:1');
  expect(await shown.innerText()).toContain(formatRatio(pair?.time?.ratio ?? NaN));

  await tab.go('#/history?workload=micro/pair&allocator=candidate&metric=peak_rss&show=value');
  const peaks = (['before', 'after'] as const).map((name) => {
    const cells = testResult(name).cells;
    return cells.find((it) => it.name === 'candidate/micro/pair/threads:1')?.peak_rss?.median;
  });
  const dots = await tab.marks('history-peak_rss');
  expect(dots.map((dot) => Number(dot.slice(dot.lastIndexOf(' '))))).toEqual(peaks);
  await tab.go('#/compare');
  expect(await tab.page.locator('main tbody tr').count()).toBeGreaterThan(0);
  expect(tab.faults).toEqual([]);
});

test.skipIf(program === undefined)(
  'a run of the matrix, live, and its verdict',
  { timeout: RUN_MS_MOST },
  async () => {
    await tab.go('#/run');
    for (const title of ['allocators', 'micro']) {
      await tab.page.getByRole('button', { name: new RegExp(`none of ${title}`, 'i') }).click();
    }
    for (const name of ['glibc', 'thread_heap', 'pair', 'lifo_batch']) {
      await tab.page.getByLabel(name, { exact: true }).check();
    }
    await tab.page.getByLabel(/Rounds/).fill('2');
    await tab.page.getByRole('button', { name: 'Start' }).click();
    const card = tab.page.locator('.job').first();
    // The run is short, and a busy browser may miss all between its start and its end: what is
    // shown on the way has its test at a service that waits.
    await card.locator('[data-chart="ranking"] svg').waitFor({ timeout: RUN_MS_MOST });
    // The verdict is that of the run that was stored.
    const drawn = (await tab.marks('ranking')).map((mark) => mark.split(': '));
    const link = card.getByRole('link', { name: 'The whole matrix' });
    const id = (await link.getAttribute('href'))?.split('=')[1];
    const stored: unknown = await (await fetch(`${tab.url}api/v1/runs/${id}`)).json();
    const means = checkedResult(stored, 'the run').geomeans;
    expect(means.map((it) => it.allocator).sort()).toEqual(['glibc', 'thread_heap']);
    for (const { allocator, time } of means) {
      const shown = drawn.find(([name]) => name === allocator)?.[1];
      expect(Number(shown)).toBeCloseTo(time?.ratio ?? NaN, 5);
    }
    await link.click();
    await tab.settle();
    expect(await tab.page.locator('table.matrix tbody tr').count()).toBe(2);
    expect(tab.faults).toEqual([]);
  },
);
