// On what? What each run was measured on, and which runs may be compared.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RunSummary } from '../data/source.ts';
import { formatCommit, formatDate, formatValue, plural } from '../model/format.ts';
import type { Result, RunModel } from '../model/run.ts';
import { address, type Route } from '../route.ts';
import { usePage, type ViewProps } from '../ui/context.tsx';
import { Controls, Exports } from '../ui/controls.tsx';
import { NoRuns, Warning, WhenLoaded } from '../ui/notice.tsx';
import { RunPicker, useRun } from '../ui/run_picker.tsx';
import { Upload } from '../ui/upload.tsx';
import { Words } from '../ui/words.tsx';

const text = (value: string | number | boolean | null | undefined): string =>
  value == null || value === '' ? 'not known' : String(value);

function contextRows({ context }: Result): [string, string][] {
  const environment = Object.entries(context.allocator_environment);
  return [
    ['Date', formatDate(context.date)],
    ['Machine', text(context.host_name)],
    ['Processor', `${text(context.cpu_model)}, ${plural(context.num_cpus, 'core')}`],
    ['Clock', context.mhz_per_cpu === null ? 'not known' : `${context.mhz_per_cpu.toFixed(0)} MHz`],
    ['CPU governor', text(context.cpu_governor)],
    ['Memory', formatValue(context.memory_bytes, 'bytes')],
    ['Page size', formatValue(context.page_bytes, 'bytes')],
    ['Transparent huge pages', text(context.transparent_huge_pages)],
    ['Kernel', text(context.kernel)],
    ['C library', context.libc],
    ['Compiler', `${context.compiler}, ${context.compilation_mode}`],
    ['Flags of the cells', text(context.cell_flags)],
    ['Load when it began', context.load_avg.map((load) => load.toFixed(1)).join(', ')],
    ['Commit', formatCommit(context.commit, context.commit_is_modified)],
    ['Suite', `${context.suite}, ${plural(context.rounds, 'round')}, seed ${context.seed}`],
    ['Arguments', context.arguments.join(' ') || 'none'],
    [
      'Environment',
      environment.map(([name, value]) => `${name}=${value}`).join(' ') || 'nothing set',
    ],
    ['Complete', context.complete ? 'yes' : 'no: it was interrupted'],
  ];
}

function warnings({ context }: Result): string[] {
  const found: string[] = [];
  const load = context.load_avg[0] ?? 0;
  if (load > context.num_cpus / 2) {
    found.push(
      `The machine was busy when the run began (load ${load.toFixed(1)}): expect wide intervals.`,
    );
  }
  if (context.library_build_type === 'debug') found.push('The matrix was a debug build.');
  if (context.compilation_mode !== 'opt') found.push('The code was not optimised.');
  if (context.commit_is_modified) found.push('The work tree had changes that are in no commit.');
  if (!context.complete) found.push('The run was interrupted: some cells have fewer rounds.');
  for (const [name, value] of Object.entries(context.allocator_environment)) {
    found.push(`${name}=${value} changes what an allocator does.`);
  }
  return found;
}

function Allocators({ run }: { run: RunModel }): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label="Allocators" tabIndex={0}>
      <table class="pinned">
        <thead>
          <tr>
            <th scope="col">Allocator</th>
            <th scope="col">Kind</th>
            <th scope="col">Version</th>
            <th scope="col">Library</th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          {run.allocators.map((it) => (
            <tr key={it.name}>
              <th scope="row">{it.name}</th>
              <td>{it.kind}</td>
              <td>{it.problem ?? it.version ?? ''}</td>
              <td>{it.path?.slice(it.path.lastIndexOf('/') + 1) ?? ''}</td>
              <td title={it.sha256 ?? undefined}>
                <code>{it.sha256?.slice(0, 12) ?? ''}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Longer texts take the whole width.
const LONG = 60;

function Details({ run }: { run: RunModel }): JSX.Element {
  const found = warnings(run.result);
  return (
    <>
      {found.length > 0 && (
        <Warning>
          <ul>
            {found.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Warning>
      )}
      <dl class="facts-list">
        {contextRows(run.result)
          .sort(([, a], [, b]) => Number(a.length > LONG) - Number(b.length > LONG))
          .map(([name, value]) => (
            <div key={name} class={value.length > LONG ? 'wide' : ''}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <Allocators run={run} />
    </>
  );
}

// Whether a run may be compared with the chosen one, as far as its summary tells.
function whyNot(run: RunSummary, chosen: RunSummary | null): string | null {
  if (!chosen || run.id === chosen.id) return null;
  if (run.host_name !== chosen.host_name || run.cpu_model !== chosen.cpu_model)
    return 'another machine';
  return null;
}

function differing(run: RunSummary, chosen: RunSummary | null): string[] {
  if (!chosen) return [];
  const compared = [
    ['kernel', run.kernel, chosen.kernel],
    ['C library', run.libc, chosen.libc],
    ['compiler', run.compiler, chosen.compiler],
  ] as const;
  return compared.filter(([, one, other]) => one !== other).map(([name]) => `another ${name}`);
}

function RunRow({ run, chosen }: { run: RunSummary; chosen: RunSummary | null }): JSX.Element {
  const problem = whyNot(run, chosen);
  const differences = differing(run, chosen);
  const isChosen = run.id === chosen?.id;
  return (
    <tr class={isChosen ? 'chosen' : ''}>
      <th scope="row">
        <a href={address('matrix', { run: run.id })}>{formatDate(run.date)}</a>
      </th>
      <td>{run.label ?? formatCommit(run.commit, run.commit_is_modified)}</td>
      <td>{run.host_name?.replace('machine-', '').slice(0, 8) ?? 'not known'}</td>
      <td>{run.cpu_model ?? 'not known'}</td>
      <td>
        {run.suite}, {plural(run.rounds, 'round')}
        {!run.complete && ', interrupted'}
      </td>
      <td class="number">{run.cell_count.toLocaleString('en')}</td>
      <td>
        {isChosen ? (
          <span class="muted">shown above</span>
        ) : problem ? (
          <span class="tag more">not comparable: {problem}</span>
        ) : (
          <>
            <a href={address('compare', chosen ? { before: run.id, after: chosen.id } : {})}>
              compare
            </a>
            {differences.length > 0 && <span class="muted"> ({differences.join(', ')})</span>}
          </>
        )}
      </td>
    </tr>
  );
}

const PAGE_RUNS = 100;

function AllRuns({ chosen }: { chosen: string }): JSX.Element {
  const page = usePage();
  const { source } = page;
  const [older, setOlder] = useState<readonly RunSummary[]>([]);
  const [next, setNext] = useState<string | null>(page.next);
  const [failure, setFailure] = useState<string | null>(null);
  const all = [...page.runs, ...older];
  const summary = all.find((run) => run.id === chosen) ?? null;
  const more = async (): Promise<void> => {
    if (next === null) return;
    try {
      const answer = await source.runs(PAGE_RUNS, next);
      setOlder([...older, ...answer.runs]);
      setNext(answer.next === null ? null : String(answer.next));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <div class="table-head">
        <h2>All runs</h2>
        <Exports
          name="runs"
          rows={() => [
            [
              'run',
              'date',
              'commit',
              'label',
              'host',
              'cpu',
              'kernel',
              'libc',
              'compiler',
              'suite',
              'rounds',
              'cells',
              'complete',
            ],
            ...all.map((it) => [
              it.id,
              it.date,
              it.commit,
              it.label,
              it.host_name,
              it.cpu_model,
              it.kernel,
              it.libc,
              it.compiler,
              it.suite,
              it.rounds,
              it.cell_count,
              it.complete,
            ]),
          ]}
          json={() => all}
        />
      </div>
      <div class="scroll tall" role="region" aria-label="All runs" tabIndex={0}>
        <table class="pinned">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Commit</th>
              <th scope="col">Machine</th>
              <th scope="col">Processor</th>
              <th scope="col">Suite</th>
              <th scope="col" class="number">
                Cells
              </th>
              <th scope="col">With the run above</th>
            </tr>
          </thead>
          <tbody>
            {all.map((run) => (
              <RunRow key={run.id} run={run} chosen={summary} />
            ))}
          </tbody>
        </table>
      </div>
      {next !== null && (
        <p class="more-runs">
          <button type="button" onClick={() => void more()}>
            Older runs
          </button>{' '}
          <span class="muted">
            {all.length.toLocaleString('en')} of {page.total.toLocaleString('en')} listed
          </span>
        </p>
      )}
      {failure !== null && <p role="alert">{failure}</p>}
    </>
  );
}

function Machine({ route, chosen }: { route: Route; chosen: string }): JSX.Element {
  const { source, runs } = usePage();
  const loaded = useRun(chosen, 'cells');
  return (
    <>
      <Controls>
        <RunPicker route={route} chosen={chosen} />
        {source.kind === 'service' && <Upload />}
      </Controls>
      <WhenLoaded of={loaded}>{(run) => run && <Details run={run} />}</WhenLoaded>
      <AllRuns key={runs[0]?.id} chosen={chosen} />
      <Words of={['comparable', 'round', 'baseline']} />
    </>
  );
}

export function MachineView({ route }: ViewProps): JSX.Element {
  const { source, runs } = usePage();
  const chosen = route.parameters['run'] ?? runs[0]?.id;
  if (chosen === undefined) {
    return (
      <>
        <NoRuns service={source.kind === 'service'} />
        {source.kind === 'service' && (
          <div class="empty">
            <Upload />
          </div>
        )}
      </>
    );
  }
  return <Machine route={route} chosen={chosen} />;
}
