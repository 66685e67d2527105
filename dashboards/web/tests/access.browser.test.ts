// All views for all people: no serious issue by axe-core, all by keyboard, on a phone, in the
// dark; and text from a result is never more than text.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Result } from '../src/model/run.ts';
import { testResult } from '../src/testing.ts';
import { openBrowser, pageText, Tab, writeReport } from './browser.ts';
import { FakeService } from './fake_service.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const VIEWS = [
  '#/matrix',
  '#/cost',
  '#/cell?workload=micro/pair',
  '#/cell?workload=trace/python_report',
  '#/compare',
  '#/history',
  '#/machine',
  '#/run',
];

let browser: Browser;
let service: FakeService;
let url: string;
let tab: Tab;
let axeTab: Tab;

beforeAll(async () => {
  browser = await openBrowser();
  service = new FakeService(pageText(), [testResult('before'), testResult('after')]);
  url = await service.start();
  tab = await Tab.open(browser, url);
  // axe-core is put into the page, which the page's own policy would forbid.
  axeTab = await Tab.open(browser, url, { colorScheme: 'light', bypassCSP: true });
  await axeTab.load('#/matrix');
  await axeTab.page.evaluate(axe);
});
afterAll(async () => {
  service?.stop();
  await browser?.close();
});

interface Issue {
  id: string;
  impact: string;
  where: string;
}

// Runs in the page, where axe-core was put; all its rules, or those named.
async function seriousIssues(tab: Tab, rules: readonly string[] = []): Promise<Issue[]> {
  const found: unknown = await tab.page.evaluate(`axe.run(document, {
    resultTypes: ['violations'],
    ${rules.length > 0 ? `runOnly: ${JSON.stringify(rules)},` : ''}
  }).then((result) => result.violations.flatMap((violation) => violation.nodes.map((node) => ({
    id: violation.id, impact: violation.impact, where: node.html.slice(0, 120),
  }))))`);
  if (!Array.isArray(found)) throw new Error('axe-core gave no list');
  return found.filter((issue: Issue) => issue.impact === 'serious' || issue.impact === 'critical');
}

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 375, height: 700 };

async function expectNoneWider(tab: Tab, view: string): Promise<void> {
  const wider = await tab.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect([view, wider]).toEqual([view, 0]);
}

test.each(VIEWS)(
  'axe-core finds no serious issue, light, dark, and on a phone: %s',
  async (view) => {
    await axeTab.page.setViewportSize(DESKTOP);
    await axeTab.go(view);
    await axeTab.page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
    expect(await seriousIssues(axeTab)).toEqual([]);
    await expectNoneWider(axeTab, view);
    // The dark has other colours, and nothing else.
    await axeTab.page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousIssues(axeTab, ['color-contrast'])).toEqual([]);
    await axeTab.page.emulateMedia({ colorScheme: 'light' });
    await axeTab.page.setViewportSize(PHONE);
    await axeTab.settle();
    expect(await seriousIssues(axeTab)).toEqual([]);
    await expectNoneWider(axeTab, view);
    expect(axeTab.faults).toEqual([]);
  },
);

test('every view is reached and used by keyboard', async () => {
  const { keyboard } = tab.page;
  const focused = (): Promise<string> =>
    tab.page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  await tab.load('#/matrix');
  await keyboard.press('Tab');
  expect(await focused()).toBe('To the content');
  await keyboard.press('Enter');
  expect(await focused()).toBe('Which allocator for my work?');

  // Views by their names, in the order of the list.
  const questions = [
    'What does it cost?',
    'Why?',
    'Did we get better?',
    'Since when?',
    'On what?',
    'Run it',
  ];
  for (const [i, question] of questions.entries()) {
    await tab.page.locator('nav a').first().focus();
    for (let step = 0; step <= i; step++) await keyboard.press('Tab');
    await keyboard.press('Enter');
    await tab.settle();
    expect(await focused()).toBe(question);
    expect(await tab.page.title()).toContain('Loam');
    // From there Tab gets to the first choice of the view.
    await keyboard.press('Tab');
    const name = await tab.page.evaluate(() => document.activeElement?.tagName ?? '');
    expect(['SELECT', 'INPUT', 'A', 'BUTTON', 'SUMMARY', 'DIV']).toContain(name);
  }

  // The matrix: one stop of Tab, then arrows, and Enter opens the cell.
  await tab.go('#/matrix');
  await tab.page.locator('table.matrix td a[tabindex="0"]').focus();
  await keyboard.press('ArrowRight');
  await keyboard.press('ArrowDown');
  const said = await tab.page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  expect(said).toMatch(/^candidate: ratio /);
  expect(await tab.page.locator('table.matrix td a[tabindex="0"]').count()).toBe(1);
  await keyboard.press('Enter');
  await tab.settle();
  expect(tab.page.url()).toMatch(/#\/cell\?.*workload=memory\/phases.*allocator=candidate/);
  expect(await focused()).toBe('Why?');

  // A choice by keyboard.
  await tab.page.getByLabel('Metric', { exact: true }).focus();
  await keyboard.press('ArrowDown');
  await tab.settle();
  expect(tab.page.url()).toContain('metric=cpu_time');
  expect(tab.faults).toEqual([]);
});

// Every string that the schema lets be anything, as markup that would tell if it ran.
const MARKUP = '</script><img src=x onerror="window.ran=1"><script>window.ran=1</script>"\'`';

function hostile(result: Result): Result {
  const copy = structuredClone(result);
  const names = new Map(copy.allocators.map((it) => [it.name, `${it.name}${MARKUP}`]));
  const renamed = (name: string): string => names.get(name) ?? name;
  copy.context.baseline_allocator = renamed(copy.context.baseline_allocator);
  Object.assign(copy.context, {
    machine: MARKUP,
    kernel: MARKUP,
    cpu_model: MARKUP,
    cpu_governor: MARKUP,
    transparent_huge_pages: MARKUP,
    libc: MARKUP,
    compiler: MARKUP,
    compilation_mode: MARKUP,
    cell_flags: MARKUP,
    allocator_environment: { [MARKUP]: MARKUP },
    arguments: [MARKUP],
  });
  for (const it of copy.allocators) {
    Object.assign(it, { name: renamed(it.name), path: MARKUP, version: MARKUP, preload: MARKUP });
  }
  for (const it of copy.workloads) Object.assign(it, { stresses: MARKUP, stands_for: MARKUP });
  for (const it of [...copy.cells, ...copy.benchmarks]) {
    it.allocator = renamed(it.allocator);
    it.name = `${it.name}${MARKUP}`;
    if ('status' in it) it.message = MARKUP;
  }
  for (const it of copy.benchmarks) {
    if (it.system_calls) it.system_calls = { [MARKUP]: 7, ...it.system_calls };
  }
  for (const it of copy.geomeans) it.allocator = renamed(it.allocator);
  const failing = copy.cells.find((it) => it.workload === 'memory/phases');
  if (failing) Object.assign(failing, { status: 'failed', time: null });
  return copy;
}

test('markup in every string is shown as text, in a report and from the service', async () => {
  const results = [testResult('before'), testResult('after')].map(hostile);
  const served = new FakeService(pageText(), results);
  for (const address of [writeReport(results), await served.start()]) {
    tab.url = address;
    for (const view of VIEWS) {
      await tab.go(view);
      expect(await tab.page.evaluate('window.ran')).toBeUndefined();
      expect(await tab.page.locator('main img').count()).toBe(0);
    }
    await tab.go('#/matrix');
    expect(await tab.page.locator('table.matrix thead').innerText()).toContain(
      '<img src=x onerror',
    );
    await tab.go(`#/cell?run=${encodeURIComponent(MARKUP)}&workload=${encodeURIComponent(MARKUP)}`);
    expect(await tab.page.evaluate('window.ran')).toBeUndefined();
    expect(tab.faults.splice(0).filter((fault) => !fault.includes('404'))).toEqual([]);
  }
  served.stop();
});

test('the page’s policy stops a script that got in all the same', async () => {
  tab.url = url;
  await tab.go('#/matrix');
  await tab.page.evaluate(() => {
    const place = document.createElement('div');
    place.innerHTML = '<img src="x" onerror="window.ran = 1">';
    document.body.append(place);
    const script = document.createElement('script');
    script.textContent = 'window.ran = 1';
    document.body.append(script);
  });
  await tab.page.waitForTimeout(300);
  expect(await tab.page.evaluate('window.ran')).toBeUndefined();
  expect(tab.faults.join()).toContain('Content Security Policy');
});
