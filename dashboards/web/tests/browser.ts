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

  // `url` may change: another tab takes as long to open as the page takes to load.
  private constructor(
    readonly page: Page,
    public url: string,
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
      const own = this.url.startsWith('file:')
        ? address.split('#')[0] === this.url
        : address.startsWith(this.url);
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

  // Opens the page at an address, as someone does who was sent it.
  async load(hash: string): Promise<void> {
    await this.page.goto('about:blank');
    await this.page.goto(this.url + hash);
    await this.settle();
  }

  // Goes to a view, within the page where it is open, and waits for it to be drawn.
  async go(hash: string): Promise<void> {
    if (!this.page.url().startsWith(this.url)) {
      await this.load(hash);
      return;
    }
    await this.page.evaluate((wanted) => (location.hash = wanted), hash);
    await this.settle();
  }

  // Charts are drawn a moment after their places are laid out.
  async settle(): Promise<void> {
    await this.frames();
    await this.page.locator('main > :not(h1)').first().waitFor();
    await this.page.waitForFunction(
      () =>
        !document.querySelector('main .loading') &&
        [...document.querySelectorAll('.drawing')].every((place) => place.querySelector('svg')),
    );
  }

  // What a change of the address or of a choice sets off is over: an event, a rendering, its
  // effects behind the next frame, and what they render.
  private async frames(): Promise<void> {
    await this.page.evaluate(async () => {
      for (let i = 0; i < 3; i++) {
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      }
    });
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
