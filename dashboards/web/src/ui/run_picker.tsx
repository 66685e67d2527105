import type { ComponentChildren, JSX } from 'preact';
import type { RunSummary } from '../data/source.ts';
import { formatCommit, formatDate, plural } from '../model/format.ts';
import { RunModel, type Result } from '../model/run.ts';
import { choose, useLoaded, type Loaded } from './hooks.ts';
import { usePage, type ViewProps } from './context.tsx';
import { Select } from './controls.tsx';
import { NoRuns, WhenLoaded } from './notice.tsx';

export function runName(run: RunSummary): string {
  const commit = run.label ?? formatCommit(run.commit, run.commit_is_modified);
  return `${formatDate(run.date).replace(' UTC', '')} · ${commit} · ${plural(run.cell_count, 'cell')}`;
}

interface RunPickerProps extends ViewProps {
  parameter?: string;
  label?: string;
  chosen: string;
}

// The newest runs, and the chosen one where it is older.
export function RunPicker({
  route,
  parameter = 'run',
  label = 'Run',
  chosen,
}: RunPickerProps): JSX.Element {
  const { runs, total } = usePage();
  const options = runs.map((run) => ({ value: run.id, text: runName(run) }));
  if (!runs.some((run) => run.id === chosen))
    options.push({ value: chosen, text: chosen.slice(0, 12) });
  return (
    <span class="picker">
      <Select
        label={label}
        value={chosen}
        options={options}
        onChange={(value) => choose(route, { [parameter]: value })}
      />
      {total > runs.length && (
        <a class="muted" href="#/machine">
          all {total.toLocaleString('en')}
        </a>
      )}
    </span>
  );
}

const models = new WeakMap<Result, RunModel>();

function modelOf(result: Result): RunModel {
  const model = models.get(result) ?? new RunModel(result);
  models.set(result, model);
  return model;
}

// How much of a run a view reads: the summaries of its cells, or its repetitions too, which are
// ten times as much. 'baseline': these where the chosen baseline is not the run's own, or where
// the file is older than some summaries.
type Depth = 'cells' | 'repetitions' | 'baseline';

// The chosen run, indexed; the newest where none is chosen.
export function useRun(
  id: string | undefined,
  depth: Depth,
  baseline?: string,
): Loaded<RunModel | null> {
  const { source, runs } = usePage();
  const wanted = id ?? runs[0]?.id;
  const load = async (): Promise<RunModel | null> => {
    if (wanted === undefined) return null;
    if (depth === 'repetitions') return modelOf(await source.result(wanted));
    const digest = modelOf(await source.digest(wanted));
    const own = baseline ?? digest.result.context.baseline_allocator;
    if (depth === 'cells' || digest.summarises(own)) return digest;
    return modelOf(await source.result(wanted));
  };
  return useLoaded(load, JSON.stringify([wanted, depth, baseline]));
}

interface OfRunProps extends ViewProps {
  depth: Depth;
  children: (run: RunModel, id: string) => ComponentChildren;
}

// A view of one run: what it shows once the run is there.
export function OfRun({ route, depth, children }: OfRunProps): JSX.Element {
  const { source, runs } = usePage();
  const id = route.parameters['run'] ?? runs[0]?.id;
  const loaded = useRun(id, depth, route.parameters['baseline']);
  if (id === undefined) return <NoRuns service={source.kind === 'service'} />;
  return <WhenLoaded of={loaded}>{(run) => run && children(run, id)}</WhenLoaded>;
}
