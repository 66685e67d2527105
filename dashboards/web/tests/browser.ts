// A Chromium for the tests of the page, and what they all look at.

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const PAGE = process.env['PAGE'] ?? 'dist/index.html';

// A test of a page waits for it; a busy machine is slow.
const PATIENCE_MS = 45_000;

export function browserPath(): string | null {
  const known = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  return known.find((path) => path !== undefined && existsSync(path)) ?? null;
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath() ?? '',
    // Tests run as root in sandboxes that have little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    timeout: PATIENCE_MS,
  });
}

export function pageText(): string {
  return readFileSync(PAGE, 'utf8');
}

// A report as the report tool makes it; its address.
export function writeReport(results: readonly unknown[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'report-')), 'report.html');
  const data = JSON.stringify({ runs: results }).replaceAll('<', '\\u003c');
  const script = `<script type="application/json" id="loam-data">${data}</script>`;
  writeFileSync(
    file,
    pageText().replace('<!-- loam-data -->', () => script),
  );
  return pathToFileURL(file).href;
}

// A tab, and all that is wrong with it: errors on the console, and requests that leave it.
export class Tab {
  readonly faults: string[] = [];

  private constructor(
    readonly page: Page,
    readonly url: string,
  ) {
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.faults.push(`console: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => this.faults.push(`error: ${error.message}`));
    page.on('request', (request) => {
      const address = request.url();
      const own = url.startsWith('file:') ? address.split('#')[0] === url : address.startsWith(url);
      if (!own && !/^(data|blob):/.test(address)) this.faults.push(`request: ${address}`);
    });
  }

  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Tab> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    return new Tab(await context.newPage(), url);
  }

  // Goes to a view, and waits for it to be drawn.
  async go(hash: string): Promise<void> {
    await this.page.goto('about:blank');
    await this.page.goto(this.url + hash);
    await this.settle();
  }

  // Charts are drawn a moment after their places are laid out.
  async settle(): Promise<void> {
    await this.page.locator('main > :not(h1)').first().waitFor();
    await this.page.waitForFunction(
      () =>
        !document.querySelector('main .loading') &&
        [...document.querySelectorAll('.drawing')].every((place) => place.querySelector('svg')),
    );
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  // "NAME: VALUE" of each mark of a chart.
  async marks(chart: string): Promise<string[]> {
    return this.page.locator(`[data-chart="${chart}"] svg title`).allTextContents();
  }

  async download(button: string): Promise<{ name: string; content: Buffer }> {
    const waiting = this.page.waitForEvent('download');
    await this.page.getByRole('button', { name: button, exact: true }).first().click();
    const download = await waiting;
    return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
  }
}
