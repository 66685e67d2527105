import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { download, toCsv, type CsvValue } from './export.ts';

export interface Option {
  value: string;
  text: string;
  group?: string;
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
}

export function Select({ label, value, options, onChange }: SelectProps): JSX.Element {
  const groups = [...new Set(options.map((option) => option.group))];
  const items = (group: string | undefined): JSX.Element[] =>
    options
      .filter((option) => option.group === group)
      .map((option) => (
        <option key={option.value} value={option.value} selected={option.value === value}>
          {option.text}
        </option>
      ));
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {groups.map((group) =>
          group === undefined ? (
            items(group)
          ) : (
            <optgroup key={group} label={group}>
              {items(group)}
            </optgroup>
          ),
        )}
      </select>
    </div>
  );
}

// A few choices side by side: radio buttons that look like one switch.
export function Segments({ label, value, options, onChange }: SelectProps): JSX.Element {
  const name = `segments-${label}`;
  return (
    <fieldset class="segments">
      <legend>{label}</legend>
      <div>
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Controls({ children }: { children: ComponentChildren }): JSX.Element {
  return <div class="controls">{children}</div>;
}

interface ExportsProps {
  name: string;
  rows: () => readonly (readonly CsvValue[])[];
  json: () => unknown;
}

// The numbers of a view as files.
export function Exports({ name, rows, json }: ExportsProps): JSX.Element {
  return (
    <span class="exports">
      <span class="muted">Export</span>
      <button
        type="button"
        class="quiet"
        onClick={() => download(`${name}.csv`, new Blob([toCsv(rows())], { type: 'text/csv' }))}
      >
        CSV
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() =>
          download(
            `${name}.json`,
            new Blob([JSON.stringify(json(), null, 1)], { type: 'application/json' }),
          )
        }
      >
        JSON
      </button>
    </span>
  );
}
