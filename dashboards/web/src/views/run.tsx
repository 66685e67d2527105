// Run it: choose, or drop in a trace of one's own program; start, watch, read the verdict.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Choices, Job, ServiceSource, Trace } from '../data/service_source.ts';
import { usePage, type ViewProps } from '../ui/context.tsx';
import { useLoaded } from '../ui/hooks.ts';
import { Empty, Failed, WhenLoaded } from '../ui/notice.tsx';
import { useToken } from '../ui/upload.tsx';
import { Words } from '../ui/words.tsx';
import { JobCard } from './job.tsx';
import { RunForm } from './run_form.tsx';

const POLL_MS = 5000;

interface Answers {
  choices: Choices;
  traces: Trace[];
  jobs: Job[];
}

const isOver = (job: Job): boolean => job.state !== 'queued' && job.state !== 'running';

// The jobs as they change: the one that runs tells every change itself, the others are asked for
// now and then.
function useJobs(
  service: ServiceSource,
  first: readonly Job[],
): {
  jobs: readonly Job[];
  put: (job: Job) => void;
  error: Error | null;
} {
  const { refresh } = usePage();
  const [jobs, setJobs] = useState(first);
  const [error, setError] = useState<Error | null>(null);
  const put = (job: Job): void =>
    setJobs((known) =>
      known.some((it) => it.id === job.id)
        ? known.map((it) => (it.id === job.id ? job : it))
        : [job, ...known],
    );
  const active =
    jobs.find((job) => job.state === 'running') ?? [...jobs].reverse().find((job) => !isOver(job));
  useEffect(() => {
    if (!active) return;
    const changed = (job: Job): void => {
      put(job);
      if (job.state === 'done') refresh();
    };
    return service.watch(active.id, changed, setError);
  }, [active?.id]);
  const waiting = jobs.some((job) => !isOver(job));
  useEffect(() => {
    if (!waiting) return;
    const ask = (): void => void service.jobs().then(setJobs, setError);
    const timer = setInterval(ask, POLL_MS);
    return () => clearInterval(timer);
  }, [waiting]);
  return { jobs, put, error };
}

function RunPage({ service, answers }: { service: ServiceSource; answers: Answers }): JSX.Element {
  const { jobs, put, error } = useJobs(service, answers.jobs);
  const token = useToken();
  const [traces, setTraces] = useState(answers.traces);
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = async (action: () => Promise<Job>): Promise<void> => {
    try {
      setFailure(null);
      put(await action());
    } catch (problem) {
      const message = problem instanceof Error ? problem.message : String(problem);
      setFailure(token.ask(problem) ? `${message}: enter the token and try again.` : message);
    }
  };
  return (
    <>
      <RunForm
        service={service}
        choices={answers.choices}
        traces={traces}
        addTrace={(added) => setTraces([added, ...traces.filter((it) => it.id !== added.id)])}
        start={(request) => attempt(() => service.start(request))}
      />
      {token.field}
      {failure !== null && (
        <p class="failed" role="alert">
          {failure}
        </p>
      )}
      {error && <Failed error={error} />}
      <h2>Runs of this machine</h2>
      {jobs.length === 0 ? (
        <p class="muted">None was started here yet. One runs at a time, the others wait in line.</p>
      ) : (
        jobs.map((job) => (
          <JobCard
            key={job.id}
            job={job}
            trace={traces.find((it) => it.id === job.request.trace)?.name}
            cancel={() => attempt(() => service.act(job.id, 'cancel'))}
            resume={() => attempt(() => service.act(job.id, 'resume'))}
          />
        ))
      )}
      <Words of={['round', 'repetition', 'cell', 'baseline', 'trace']} />
    </>
  );
}

function OfService({ service }: { service: ServiceSource }): JSX.Element {
  const about = useLoaded(() => service.about(), 'about');
  return (
    <WhenLoaded of={about}>
      {({ can_run: canRun }) => (canRun ? <Prepared service={service} /> : <CannotRun />)}
    </WhenLoaded>
  );
}

function Prepared({ service }: { service: ServiceSource }): JSX.Element {
  const answers = useLoaded(async (): Promise<Answers> => {
    const [choices, traces, jobs] = await Promise.all([
      service.choices(),
      service.traces(),
      service.jobs(),
    ]);
    return { choices, traces, jobs };
  }, 'choices');
  return (
    <WhenLoaded of={answers}>{(value) => <RunPage service={service} answers={value} />}</WhenLoaded>
  );
}

function CannotRun(): JSX.Element {
  return (
    <Empty title="This service only keeps results">
      <p>It was started without the benchmark matrix. Measure by hand, and send it the result:</p>
      <pre>{`bazel run //benchmarks:matrix -- --upload ${location.origin}`}</pre>
    </Empty>
  );
}

export function RunView(_: ViewProps): JSX.Element {
  const { source } = usePage();
  const { service } = useToken();
  if (source.kind === 'report' || !service) {
    return (
      <Empty title="A report cannot run anything">
        <p>It is a file. The service can: it measures here, and keeps every result.</p>
        <pre>bazel run //dashboards:serve</pre>
        <p>
          It prints its address. There, choose allocators and workloads, or drop in a trace of your
          own program, and watch the cells arrive.
        </p>
      </Empty>
    );
  }
  return <OfService service={service} />;
}
