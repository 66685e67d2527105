// Pictures of views, for people to look at:
//   node scripts/screenshots.mjs PAGE_OR_URL FOLDER [RESULT.json...] [-- ADDRESS...]
// A page (dist/index.html) gets the results embedded, as a report; a URL is that of a service.
// WIDTHS=1280,390 and SCHEMES=light,dark choose; CHROMIUM names the browser.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const VIEWS = ['matrix', 'cost', 'cell', 'compare', 'history', 'machine', 'run'];

const split = process.argv.indexOf('--');
const [page, folder, ...results] = process.argv.slice(2, split < 0 ? undefined : split);
const addresses = split < 0 ? VIEWS.map((view) => `#/${view}`) : process.argv.slice(split + 1);
const widths = (process.env.WIDTHS ?? '1280,390').split(',').map(Number);
const schemes = (process.env.SCHEMES ?? 'light,dark').split(',');

mkdirSync(folder, { recursive: true });
let url = page;
if (!/^https?:/.test(page)) {
  const runs = results.map((file) => readFileSync(file, 'utf8').replaceAll('<', '\\u003c'));
  const data = `<script type="application/json" id="loam-data">{"runs":[${runs.join(',')}]}</script>`;
  const report = resolve(folder, 'report.html');
  writeFileSync(
    report,
    readFileSync(page, 'utf8').replace('<!-- loam-data -->', () => data),
  );
  url = pathToFileURL(report).href;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
for (const width of widths) {
  for (const colorScheme of schemes) {
    const context = await browser.newContext({
      viewport: { width, height: width < 500 ? 760 : 860 },
      colorScheme,
    });
    const tab = await context.newPage();
    tab.on('console', (message) => console.log(message.type(), message.text()));
    tab.on('pageerror', (error) => console.log('error', error.message));
    for (const [i, address] of addresses.entries()) {
      await tab.goto('about:blank');
      await tab.goto(url + address);
      await tab.waitForSelector('main :not(h1)');
      await tab.waitForFunction(
        () =>
          !document.querySelector('main .loading') &&
          [...document.querySelectorAll('.drawing')].every((place) => place.querySelector('svg')),
      );
      await tab.waitForTimeout(200);
      const name = `${i}-${address.replace(/^#\/?/, '').replace(/\W.*/, '')}-${width}-${colorScheme}.png`;
      await tab.screenshot({ path: join(folder, name), fullPage: true });
      const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) console.log(`${name}: ${overflow} px wider than the window`);
    }
    await context.close();
  }
}
await browser.close();
