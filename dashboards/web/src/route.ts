// Every view has an address: #/view?name=value. What a person chose is in it, so it can be sent.

export const VIEWS = ['matrix', 'cost', 'cell', 'compare', 'history', 'machine', 'run'] as const;
export type ViewName = (typeof VIEWS)[number];

export type Parameters = Readonly<Record<string, string | undefined>>;

export interface Route {
  view: ViewName;
  parameters: Parameters;
}

const isView = (name: string): name is ViewName => VIEWS.some((view) => view === name);

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const parameters: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(query)) parameters[key] = value;
  return { view: isView(path) ? path : 'matrix', parameters };
}

// Characters that need no escape in a fragment are left readable.
const escaped = (text: string): string =>
  encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%3A', ':');

export function address(view: ViewName, parameters: Parameters = {}): string {
  const query = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${escaped(key)}=${escaped(value ?? '')}`)
    .join('&');
  return `#/${view}${query ? `?${query}` : ''}`;
}

// "threaded:2,micro/pair:0" as numbers by name, and back. What is no number is left out.
export function parseNumbers(text: string | undefined): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const item of (text ?? '').split(',')) {
    const [name = '', number = ''] = item.split(':');
    const value = Number(number);
    if (name && number && Number.isFinite(value) && value >= 0) numbers.set(name, value);
  }
  return numbers;
}

export function formatNumbers(numbers: ReadonlyMap<string, number>): string | undefined {
  return [...numbers].map(([name, value]) => `${name}:${value}`).join(',') || undefined;
}
