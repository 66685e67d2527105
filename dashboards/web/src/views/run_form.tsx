// What to measure: only what the service offers.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Choices, JobRequest, ServiceSource, Trace } from '../data/service_source.ts';
import { formatValue, plural } from '../model/format.ts';
import { Segments, Select } from '../ui/controls.tsx';

interface RunFormProps {
  service: ServiceSource;
  choices: Choices;
  traces: readonly Trace[];
  addTrace: (trace: Trace) => void;
  start: (request: JobRequest) => Promise<void>;
}

const ROUNDS_DEFAULT = 6;

function Checks({
  title,
  names,
  chosen,
  choose,
}: {
  title: string;
  names: readonly { name: string; text: string; problem: string | null; hint?: string }[];
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
}): JSX.Element {
  const able = names.filter((it) => it.problem === null).map((it) => it.name);
  const all = able.every((name) => chosen.has(name));
  const toggle = (of: readonly string[], on: boolean): void => {
    const next = new Set(chosen);
    for (const name of of) {
      if (on) next.add(name);
      else next.delete(name);
    }
    choose(next);
  };
  return (
    <fieldset class="checks">
      <legend>
        {title}{' '}
        <button
          type="button"
          class="quiet"
          aria-label={`${all ? 'none' : 'all'} of ${title}`}
          onClick={() => toggle(able, !all)}
        >
          {all ? 'none' : 'all'}
        </button>
      </legend>
      {names.map(({ name, text, problem, hint }) => (
        <label key={name} title={problem ?? hint}>
          <input
            type="checkbox"
            checked={chosen.has(name)}
            disabled={problem !== null}
            onChange={(event) => toggle([name], event.currentTarget.checked)}
          />{' '}
          <span class={problem === null ? '' : 'muted'}>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

// The trace is sent at once, so that what is wrong with it is known before the run.
function TraceDrop({
  service,
  added,
}: {
  service: ServiceSource;
  added: (trace: Trace) => void;
}): JSX.Element {
  const [said, setSaid] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const send = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setSaid(`Reading ${file.name}…`);
    try {
      const trace = await service.uploadTrace(file);
      setSaid(describe(trace));
      added(trace);
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <label
      class={`drop${over ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void send(event.dataTransfer?.files[0]);
      }}
    >
      <span>
        <strong>Your own program:</strong> drop a <code>.loamtrace</code> file here, or choose one.
      </span>
      <input
        type="file"
        accept=".loamtrace"
        onChange={(event) => void send(event.currentTarget.files?.[0])}
      />
      <span role="status" class="muted">
        {said ?? 'Record one:'}
      </span>
      {said === null && (
        <pre>
          bazel run //benchmarks/trace:loam-trace -- record --output mine.loamtrace -- PROGRAM
        </pre>
      )}
    </label>
  );
}

function describe(trace: Trace): string {
  const facts = [
    trace.events === undefined ? '' : plural(trace.events, 'call'),
    trace.threads === undefined ? '' : plural(trace.threads, 'thread'),
    trace.peak_live_bytes === undefined
      ? ''
      : `${formatValue(trace.peak_live_bytes, 'bytes')} at its peak`,
  ].filter((fact) => fact !== '');
  return `${trace.name}: ${facts.join(', ')}`;
}

const able = (of: readonly { name: string; problem: string | null }[]): Set<string> =>
  new Set(of.filter((it) => it.problem === null).map((it) => it.name));

function threadCounts(most: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count <= most && counts.length < 6; count *= 2) counts.push(count);
  return counts;
}

export function RunForm({ service, choices, traces, addTrace, start }: RunFormProps): JSX.Element {
  const [trace, setTrace] = useState('');
  const [suite, setSuite] = useState(choices.suites[0] ?? 'quick');
  const [allocators, setAllocators] = useState<ReadonlySet<string>>(able(choices.allocators));
  const [workloads, setWorkloads] = useState<ReadonlySet<string>>(
    able(choices.workloads.filter((it) => it.family === 'micro')),
  );
  const [threads, setThreads] = useState<ReadonlySet<string>>(new Set());
  const [rounds, setRounds] = useState(Math.min(ROUNDS_DEFAULT, choices.rounds_max));
  const [busy, setBusy] = useState(false);
  const families = [...new Set(choices.workloads.map((it) => it.family))];
  const problem =
    allocators.size === 0
      ? 'Choose an allocator.'
      : workloads.size === 0 && trace === ''
        ? 'Choose a workload, or a trace.'
        : null;
  const submit = async (): Promise<void> => {
    setBusy(true);
    await start({
      suite,
      allocators: choices.allocators.map((it) => it.name).filter((name) => allocators.has(name)),
      workloads:
        trace === ''
          ? choices.workloads.map((it) => it.name).filter((name) => workloads.has(name))
          : [],
      threads: [...threads].map(Number).sort((a, b) => a - b),
      rounds,
      trace: trace || null,
    });
    setBusy(false);
  };
  return (
    <form
      class="run-form"
      aria-label="What to measure"
      onSubmit={(event) => {
        event.preventDefault();
        if (problem === null) void submit();
      }}
    >
      <TraceDrop
        service={service}
        added={(added) => {
          addTrace(added);
          setTrace(added.id);
        }}
      />
      <Select
        label="Work"
        value={trace}
        options={[
          { value: '', text: 'the workloads chosen below' },
          ...traces.map((it) => ({ value: it.id, text: it.name, group: 'Traces' })),
        ]}
        onChange={setTrace}
      />
      <Checks
        title="Allocators"
        names={choices.allocators.map((it) => ({ ...it, text: it.name }))}
        chosen={allocators}
        choose={setAllocators}
      />
      {trace === '' && (
        <div class="families">
          {families.map((family) => (
            <Checks
              key={family}
              title={family}
              names={choices.workloads
                .filter((it) => it.family === family)
                .map((it) => ({
                  name: it.name,
                  text: it.name.slice(it.name.indexOf('/') + 1),
                  problem: it.problem,
                  hint: `${it.stresses}. Stands for: ${it.stands_for}`,
                }))}
              chosen={workloads}
              choose={setWorkloads}
            />
          ))}
        </div>
      )}
      <div class="controls">
        <Segments
          label="Suite"
          value={suite}
          options={choices.suites.map((it) => ({ value: it, text: it }))}
          onChange={setSuite}
        />
        <label class="field">
          <span>Rounds (6 at least, to tell anything)</span>
          <input
            type="number"
            min={1}
            max={choices.rounds_max}
            value={rounds}
            required
            onInput={(event) => setRounds(event.currentTarget.valueAsNumber)}
          />
        </label>
        {trace === '' && (
          <Checks
            title="Threads of threaded workloads (none: as the suite says)"
            names={threadCounts(choices.threads_max).map((it) => ({
              name: String(it),
              text: String(it),
              problem: null,
            }))}
            chosen={threads}
            choose={setThreads}
          />
        )}
      </div>
      <p>
        <button type="submit" class="primary" disabled={problem !== null || busy || !(rounds >= 1)}>
          Start
        </button>{' '}
        <span class="muted" role="status">
          {problem ?? 'A busy machine measures badly: leave it alone meanwhile.'}
        </span>
      </p>
    </form>
  );
}
