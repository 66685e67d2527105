// What matters to me: a weight for each family and workload.

import type { JSX } from 'preact';
import { plural } from '../model/format.ts';
import { WEIGHT_MOST, type Weights } from '../model/ranking.ts';
import type { RunModel } from '../model/run.ts';
import { formatNumbers, parseNumbers, type Route } from '../route.ts';
import { choose } from '../ui/hooks.ts';

// One list in the address: names with a slash are workloads.
export function weightsOf(route: Route): Weights {
  const numbers = [...parseNumbers(route.parameters['weights'])].map(
    ([name, value]) => [name, Math.min(WEIGHT_MOST, value)] as const,
  );
  return {
    families: new Map(numbers.filter(([name]) => !name.includes('/'))),
    workloads: new Map(numbers.filter(([name]) => name.includes('/'))),
  };
}

function setWeight(route: Route, name: string, value: number): void {
  const numbers = parseNumbers(route.parameters['weights']);
  if (value === 1 || !Number.isFinite(value)) numbers.delete(name);
  else numbers.set(name, Math.min(WEIGHT_MOST, Math.max(0, value)));
  choose(route, { weights: formatNumbers(numbers) });
}

export function Mix({ route, run }: { route: Route; run: RunModel }): JSX.Element {
  const weights = weightsOf(route);
  const measured = new Set(run.rows.map((row) => row.workload.name));
  const families = new Map<string, string[]>();
  for (const { name, family } of run.result.workloads) {
    if (measured.has(name)) families.set(family, [...(families.get(family) ?? []), name]);
  }
  const changed = weights.families.size + weights.workloads.size;
  const summary =
    changed === 0 ? 'all workloads count the same' : `${plural(changed, 'weight')} changed`;
  return (
    <details class="mix">
      <summary>
        <strong>My mix</strong> <span class="muted">{summary}</span>
      </summary>
      <p class="note">
        How much each matters to you, from 0 (left out) to {WEIGHT_MOST}. A workload’s weight is
        multiplied with its family’s.{' '}
        {changed > 0 && (
          <button type="button" class="quiet" onClick={() => choose(route, { weights: undefined })}>
            Reset
          </button>
        )}
      </p>
      <div class="families">
        {[...families].map(([family, workloads]) => (
          <fieldset key={family}>
            <legend class="visually-hidden">{family}</legend>
            <label class="family">
              <span>{family}</span>
              <input
                type="range"
                min={0}
                max={WEIGHT_MOST}
                step={1}
                value={weights.families.get(family) ?? 1}
                onInput={(event) => setWeight(route, family, event.currentTarget.valueAsNumber)}
              />
              <output>{weights.families.get(family) ?? 1}</output>
            </label>
            {workloads.map((name) => (
              <label key={name}>
                <span title={run.result.workloads.find((it) => it.name === name)?.stands_for}>
                  {name.slice(name.indexOf('/') + 1)}
                </span>
                <input
                  type="number"
                  min={0}
                  max={WEIGHT_MOST}
                  step={0.5}
                  value={weights.workloads.get(name) ?? 1}
                  onChange={(event) => setWeight(route, name, event.currentTarget.valueAsNumber)}
                />
              </label>
            ))}
          </fieldset>
        ))}
      </div>
    </details>
  );
}
