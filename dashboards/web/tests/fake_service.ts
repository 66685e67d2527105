// A service for tests: it answers as dashboards/service does, from results in memory, and its jobs
// go on when the test says so.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ReportSource } from '../src/data/report_source.ts';
import { summarise, type RunSummary } from '../src/data/source.ts';
import { checkedResult } from '../src/data/validate.ts';
import type { Choices, Job, Trace } from '../src/generated/service.ts';
import type { Result } from '../src/model/run.ts';

interface Stored {
  summary: RunSummary;
  text: string;
  result: Result;
}

const API = '/api/v1';

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts).toString()));
    request.on('error', reject);
  });
}

export class FakeService {
  readonly asked: string[] = []; // "GET /api/v1/runs?limit=60"
  readonly jobs: Job[] = [];
  readonly traces: Trace[] = [];
  choices: Choices;
  token: string | null = null;
  private readonly runs: Stored[] = [];
  private readonly server: Server;
  private watchers: { id: string; response: ServerResponse }[] = [];

  constructor(
    private readonly page: string,
    results: readonly Result[],
  ) {
    for (const result of results) this.add(JSON.stringify(result));
    const [first] = results;
    this.choices = {
      allocators: (first?.allocators ?? []).map(({ name, kind }) => ({
        name,
        kind,
        problem: null,
      })),
      workloads: (first?.workloads ?? []).map(({ command: _, ...workload }) => workload),
      suites: ['quick', 'full'],
      threads_max: 4,
      rounds_max: 40,
    };
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        this.send(response, 500, { error: String(error) });
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    if (typeof address !== 'object' || !address) throw new Error('no address');
    return `http://127.0.0.1:${address.port}/`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  add(text: string): { id: string; new: boolean } {
    const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
    if (this.runs.some((run) => run.summary.id === id)) return { id, new: false };
    const result = checkedResult(JSON.parse(text), 'the upload');
    this.runs.push({ summary: summarise(id, result), text, result });
    this.runs.sort((a, b) => Date.parse(b.summary.date) - Date.parse(a.summary.date));
    return { id, new: true };
  }

  idOf(result: Result): string {
    return this.add(JSON.stringify(result)).id;
  }

  // Tells those that watch.
  change(job: Job): void {
    const at = this.jobs.findIndex((known) => known.id === job.id);
    if (at < 0) this.jobs.unshift(job);
    else this.jobs[at] = job;
    for (const { id, response } of this.watchers) {
      if (id === job.id) response.write(`event: job\ndata: ${JSON.stringify(job)}\n\n`);
    }
  }

  private send(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    this.asked.push(`${request.method} ${request.url}`);
    if (url.pathname === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      response.end(this.page);
      return;
    }
    const [what = '', id = '', action = ''] = url.pathname.slice(API.length + 1).split('/');
    if (request.method === 'POST') await this.post(request, response, { what, id, action, url });
    else await this.get(response, { what, id, action, url });
  }

  private async get(
    response: ServerResponse,
    { what, id, action, url }: { what: string; id: string; action: string; url: URL },
  ): Promise<void> {
    const { searchParams: query } = url;
    const all = new ReportSource({ runs: this.runs.map((run) => run.result) });
    const summaries = this.runs.map((run) => run.summary);
    if (what === 'about') {
      const about = { schema: 'loam-service-v1', runs: this.runs.length, can_run: true };
      this.send(response, 200, { ...about, needs_token: this.token !== null, version: '1' });
    } else if (what === 'runs' && id) {
      const found = this.runs.find((run) => run.summary.id === id);
      if (!found) this.send(response, 404, { error: `no run ${id}` });
      else {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(
          action === 'summary'
            ? JSON.stringify({ ...found.result, benchmarks: undefined })
            : found.text,
        );
      }
    } else if (what === 'runs') {
      const start = Number(query.get('before') ?? 0);
      const end = start + Number(query.get('limit') ?? 50);
      const next = end < summaries.length ? String(end) : null;
      this.send(response, 200, {
        runs: summaries.slice(start, end),
        total: summaries.length,
        next,
      });
    } else if (what === 'cells') this.send(response, 200, await all.cells());
    else if (what === 'history') {
      const { points } = await all.history({
        workload: query.get('workload') ?? '',
        threads: Number(query.get('threads')),
        allocator: query.get('allocator') ?? '',
        metric: query.get('metric') ?? '',
        host: query.get('host'),
      });
      this.send(response, 200, { points });
    } else if (what === 'choices') this.send(response, 200, this.choices);
    else if (what === 'traces') this.send(response, 200, { traces: this.traces });
    else if (what === 'jobs' && action === 'events') this.watch(response, id);
    else if (what === 'jobs') this.send(response, 200, { jobs: this.jobs });
    else this.send(response, 404, { error: `no ${url.pathname}` });
  }

  private watch(response: ServerResponse, id: string): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const job = this.jobs.find((known) => known.id === id);
    response.write(`event: job\ndata: ${JSON.stringify(job)}\n\n`);
    this.watchers.push({ id, response });
    response.on('close', () => {
      this.watchers = this.watchers.filter((watcher) => watcher.response !== response);
    });
  }

  private async post(
    request: IncomingMessage,
    response: ServerResponse,
    { what, id, action, url }: { what: string; id: string; action: string; url: URL },
  ): Promise<void> {
    const body = await readBody(request);
    if (this.token !== null && request.headers.authorization !== `Bearer ${this.token}`) {
      this.send(response, 401, { error: 'a token is needed' });
      return;
    }
    const job = this.jobs.find((known) => known.id === id);
    if (what === 'runs') {
      try {
        const stored = this.add(body);
        this.send(response, stored.new ? 201 : 200, stored);
      } catch (error) {
        this.send(response, 422, { error: error instanceof Error ? error.message : String(error) });
      }
    } else if (what === 'traces') {
      if (!body.startsWith('loamtrace')) {
        this.send(response, 422, { error: 'that is no trace' });
        return;
      }
      const name = url.searchParams.get('name') ?? '';
      const trace = { id: 't1', name, events: 1200, threads: 2, peak_live_bytes: 1 << 20 };
      this.traces.push(trace);
      this.send(response, 201, trace);
    } else if (what === 'jobs' && !id) {
      const created = new Date().toISOString();
      const queued: Job = {
        id: `j${this.jobs.length + 1}`,
        state: 'queued',
        created,
        started: null,
        ended: null,
        request: JSON.parse(body),
        progress: null,
        cells: [],
        run: null,
        message: null,
        trace: null,
      };
      this.change(queued);
      this.send(response, 201, queued);
    } else if (what === 'jobs' && job && action === 'cancel') {
      this.change({ ...job, state: 'cancelled' });
      this.send(response, 200, { ...job, state: 'cancelled' });
    } else if (what === 'jobs' && job && action === 'resume') {
      this.change({ ...job, state: 'queued' });
      this.send(response, 200, { ...job, state: 'queued' });
    } else this.send(response, 404, { error: `no ${url.pathname}` });
  }
}
