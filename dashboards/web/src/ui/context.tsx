import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { RunSummary, Source } from '../data/source.ts';
import type { Route } from '../route.ts';

// What every view is given.
export interface PageContext {
  source: Source;
  runs: readonly RunSummary[]; // the newest, newest first
  total: number; // of all runs
  next: string | null; // where the rest begins
  refresh: () => void; // the list of runs has changed
}

export interface ViewProps {
  route: Route;
}

export const Page = createContext<PageContext | null>(null);

export function usePage(): PageContext {
  const page = useContext(Page);
  if (!page) throw new Error('a view outside the page');
  return page;
}
