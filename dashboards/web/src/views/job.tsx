// One run that was asked for: how far it is, its cells as they arrive, and the verdict.

import type { JSX } from 'preact';
import type { Job } from '../data/service_source.ts';
import { formatDate, formatValue, plural } from '../model/format.ts';
import { metricOf } from '../model/metrics.ts';
import { rank } from '../model/ranking.ts';
import { tableOf } from '../model/table.ts';
import { address } from '../route.ts';
import { WhenLoaded } from '../ui/notice.tsx';
import { useRun } from '../ui/run_picker.tsx';
import { Ranking } from './ranking.tsx';

interface JobCardProps {
  job: Job;
  trace: string | undefined; // its name, where it runs one
  cancel: () => Promise<void>;
  resume: () => Promise<void>;
}

function timeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s left`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s left`;
}

function Progress({ job }: { job: Job }): JSX.Element | null {
  const { progress } = job;
  if (!progress || job.state !== 'running') return null;
  const { done, total, seconds_left: left } = progress;
  return (
    <p class="progress">
      <progress value={done} max={Math.max(1, total)} aria-label="Repetitions done" />{' '}
      <span role="status">
        {done.toLocaleString('en')} of {plural(total, 'repetition')}
        {left != null && `, ${timeLeft(left)}`}
      </span>
    </p>
  );
}

// Medians so far; a person sees where it goes long before it ends.
function LiveCells({ job }: { job: Job }): JSX.Element | null {
  if (job.cells.length === 0) return null;
  const allocators = [...new Set(job.cells.map((cell) => cell.allocator))];
  const rows = new Map<string, Map<string, Job['cells'][number]>>();
  for (const cell of job.cells) {
    const label = cell.threads > 1 ? `${cell.workload} ×${cell.threads}` : cell.workload;
    const row = rows.get(label) ?? new Map<string, Job['cells'][number]>();
    rows.set(label, row.set(cell.allocator, cell));
  }
  return (
    <div class="scroll tall" role="region" aria-label="Cells so far" tabIndex={0}>
      <table class="pinned live">
        <thead>
          <tr>
            <th scope="col">Time per operation so far</th>
            {allocators.map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...rows].map(([label, cells]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {allocators.map((name) => {
                const cell = cells.get(name);
                const known = cell?.median_ns;
                return (
                  <td key={name} class="number">
                    {known == null ? (
                      <span class="muted">{cell && cell.status !== 'ok' ? cell.status : '–'}</span>
                    ) : (
                      <>
                        {formatValue(known, 'ns')}{' '}
                        <span class="muted">{cell?.repetitions ?? ''}</span>
                      </>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// What a finished run says, and where all of it is.
function Verdict({ run }: { run: string }): JSX.Element {
  const loaded = useRun(run, 'baseline');
  return (
    <WhenLoaded of={loaded}>
      {(model) => {
        if (!model) return null;
        const baseline = model.result.context.baseline_allocator;
        const metric = metricOf('time');
        const even = { families: new Map(), workloads: new Map() };
        const ranked = rank(model, tableOf(model, metric, baseline), even);
        return (
          <>
            <Ranking run={model} metric={metric} baseline={baseline} ranked={ranked} />
            <p>
              <a href={address('matrix', { run })}>The whole matrix</a> ·{' '}
              <a href={address('cost', { run })}>What it costs in memory</a> ·{' '}
              <a href={address('compare', { after: run })}>Against the run before</a>
            </p>
          </>
        );
      }}
    </WhenLoaded>
  );
}

export function JobCard({ job, trace, cancel, resume }: JobCardProps): JSX.Element {
  const { request, state } = job;
  const asked = [
    request.trace
      ? `the trace ${trace ?? request.trace}`
      : plural(request.workloads?.length ?? 0, 'workload'),
    plural(request.allocators?.length ?? 0, 'allocator'),
    request.rounds == null ? request.suite : plural(request.rounds, 'round'),
  ];
  return (
    <article class="job" data-state={state} aria-label={`Run of ${formatDate(job.created)}`}>
      <div class="table-head">
        <p>
          <span class={`tag ${state}`}>{state}</span> {formatDate(job.created)}{' '}
          <span class="muted">{asked.join(', ')}</span>
        </p>
        <span>
          {(state === 'queued' || state === 'running') && (
            <button type="button" onClick={() => void cancel()}>
              Cancel
            </button>
          )}
          {state === 'interrupted' && (
            <button type="button" onClick={() => void resume()}>
              Resume
            </button>
          )}
        </span>
      </div>
      {job.message != null && job.message !== '' && <p>{job.message}</p>}
      <Progress job={job} />
      {state === 'running' && <LiveCells job={job} />}
      {state === 'done' && job.run !== null && <Verdict run={job.run} />}
    </article>
  );
}
