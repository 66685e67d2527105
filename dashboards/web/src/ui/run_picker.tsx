import type { ComponentChildren, JSX } from 'preact';
import type { RunSummary } from '../data/source.ts';
import { formatCommit, formatDate, plural } from '../model/format.ts';
import { RunModel } from '../model/run.ts';
import { choose, useLoaded } from './hooks.ts';
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

const models = new Map<string, RunModel>();
const MODELS_KEPT = 4;

// The chosen run, indexed; the newest where none is chosen.
export function useRun(id: string | undefined): ReturnType<typeof useLoaded<RunModel | null>> {
  const { source, runs } = usePage();
  const wanted = id ?? runs[0]?.id;
  return useLoaded(async () => {
    if (wanted === undefined) return null;
    const known = models.get(wanted);
    if (known) return known;
    const model = new RunModel(await source.result(wanted));
    models.set(wanted, model);
    const oldest = models.keys().next();
    if (models.size > MODELS_KEPT && !oldest.done) models.delete(oldest.value);
    return model;
  }, wanted ?? '');
}

interface OfRunProps extends ViewProps {
  children: (run: RunModel, id: string) => ComponentChildren;
}

// A view of one run: what it shows once the run is there.
export function OfRun({ route, children }: OfRunProps): JSX.Element {
  const { source, runs } = usePage();
  const id = route.parameters['run'] ?? runs[0]?.id;
  const loaded = useRun(id);
  if (id === undefined) return <NoRuns service={source.kind === 'service'} />;
  return <WhenLoaded of={loaded}>{(run) => run && children(run, id)}</WhenLoaded>;
}
