// Results of the service that sent this page.

import type { Result } from '../generated/result.ts';
import type {
  About,
  Cells,
  Choices,
  History,
  Job,
  Jobs,
  Runs,
  RunSummary,
  Stored,
  Trace,
  Traces,
} from '../generated/service.ts';
import * as validators from '../generated/service_validators.js';
import { summarise, type HistoryQuestion, type Source } from './source.ts';
import { checked, checkedResult, InvalidData, type Validator } from './validate.ts';

export type { About, Choices, Job, Trace } from '../generated/service.ts';

export interface JobRequest {
  suite: string;
  allocators: string[];
  workloads: string[];
  threads: number[];
  rounds: number;
  trace: string | null;
}

const API = '/api/v1';
const RESULTS_KEPT = 4;

export class ServiceError extends Error {
  override name = 'ServiceError';
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

function query(values: Record<string, string | number | null | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined) parameters.set(key, String(value));
  }
  return parameters.toString();
}

export class ServiceSource implements Source {
  readonly kind = 'service';
  token: string | null = null; // asked for where writes need one
  private readonly results = new Map<string, Promise<Result>>(); // by path

  about(): Promise<About> {
    return this.get('/about', validators.About);
  }

  runs(limit: number, before?: string): Promise<Runs> {
    return this.get(`/runs?${query({ limit, before })}`, validators.Runs);
  }

  async summary(id: string): Promise<RunSummary | null> {
    return summarise(id, await this.digest(id));
  }

  result(id: string): Promise<Result> {
    return this.keep(id, `/runs/${encodeURIComponent(id)}`);
  }

  digest(id: string): Promise<Result> {
    return this.keep(id, `/runs/${encodeURIComponent(id)}/summary`, { benchmarks: [] });
  }

  // A run never changes, so the last few are kept.
  private keep(id: string, path: string, leftOut: Partial<Result> = {}): Promise<Result> {
    const known = this.results.get(path);
    if (known) return known;
    const fetched = this.fetchJson(path).then((data) => {
      const whole = typeof data === 'object' ? { ...leftOut, ...data } : data;
      return checkedResult(whole, `run ${id}`);
    });
    this.results.set(path, fetched);
    fetched.catch(() => this.results.delete(path));
    const oldest = this.results.keys().next();
    if (this.results.size > RESULTS_KEPT && !oldest.done) this.results.delete(oldest.value);
    return fetched;
  }

  cells(): Promise<Cells> {
    return this.get('/cells', validators.Cells);
  }

  history({ workload, threads, allocator, metric, host }: HistoryQuestion): Promise<History> {
    const asked = query({ workload, threads, allocator, metric, host });
    return this.get(`/history?${asked}`, validators.History);
  }

  choices(): Promise<Choices> {
    return this.get('/choices', validators.Choices);
  }

  async jobs(): Promise<Job[]> {
    return (await this.get<Jobs>('/jobs', validators.Jobs)).jobs;
  }

  async traces(): Promise<Trace[]> {
    return (await this.get<Traces>('/traces', validators.Traces)).traces;
  }

  start(request: JobRequest): Promise<Job> {
    return this.post('/jobs', validators.Job, JSON.stringify(request));
  }

  act(job: string, action: 'cancel' | 'resume'): Promise<Job> {
    return this.post(`/jobs/${encodeURIComponent(job)}/${action}`, validators.Job, '');
  }

  uploadTrace(file: File): Promise<Trace> {
    return this.post(`/traces?${query({ name: file.name })}`, validators.Trace, file);
  }

  uploadRun(file: File): Promise<Stored> {
    return this.post('/runs', validators.Stored, file);
  }

  // Calls back with the job whenever it changed, until it ended. The result stops that.
  watch(id: string, changed: (job: Job) => void, failed: (error: Error) => void): () => void {
    const events = new EventSource(`${API}/jobs/${encodeURIComponent(id)}/events`);
    events.addEventListener('job', (event: MessageEvent<unknown>) => {
      try {
        const job = checked<Job>(validators.Job, JSON.parse(String(event.data)), 'the job');
        changed(job);
        if (job.state !== 'queued' && job.state !== 'running') events.close();
      } catch (error) {
        events.close();
        failed(error instanceof Error ? error : new Error(String(error)));
      }
    });
    return () => events.close();
  }

  private async get<T>(path: string, validator: Validator): Promise<T> {
    return checked<T>(validator, await this.fetchJson(path), `the service's answer to ${path}`);
  }

  private async post<T>(path: string, validator: Validator, body: BodyInit): Promise<T> {
    const headers: Record<string, string> = {};
    if (typeof body === 'string') headers['Content-Type'] = 'application/json';
    if (this.token) headers['Authorization'] = `Bearer ${this.token}`;
    const data = await this.fetchJson(path, { method: 'POST', headers, body });
    return checked<T>(validator, data, `the service's answer to ${path}`);
  }

  private async fetchJson(path: string, options?: RequestInit): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(API + path, options);
    } catch {
      throw new ServiceError('the service does not answer: is it still running?', 0);
    }
    const data: unknown = await response.json().catch(() => null);
    if (response.ok && data !== null) return data;
    const said = validators.Failure(data)
      ? checked<{ error: string }>(validators.Failure, data, '')
      : null;
    const message = said?.error ?? `the service answered ${response.status} to ${path}`;
    throw response.ok ? new InvalidData(message) : new ServiceError(message, response.status);
  }
}
