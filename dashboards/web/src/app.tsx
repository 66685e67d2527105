import type { ComponentType, JSX } from 'preact';
import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks';
import type { Source } from './data/source.ts';
import { address, VIEWS, type Route, type ViewName } from './route.ts';
import { Page, type PageContext, type ViewProps } from './ui/context.tsx';
import { useLoaded, useRoute } from './ui/hooks.ts';
import { Failed, WhenLoaded } from './ui/notice.tsx';
import { CellView } from './views/cell.tsx';
import { CompareView } from './views/compare.tsx';
import { CostView } from './views/cost.tsx';
import { HistoryView } from './views/history.tsx';
import { MachineView } from './views/machine.tsx';
import { MatrixView } from './views/matrix.tsx';
import { RunView } from './views/run.tsx';

interface View {
  title: string;
  question: string;
  show: ComponentType<ViewProps>;
}

const SHOWN: Record<ViewName, View> = {
  matrix: { title: 'Matrix', question: 'Which allocator for my work?', show: MatrixView },
  cost: { title: 'Cost', question: 'What does it cost?', show: CostView },
  cell: { title: 'Cell', question: 'Why?', show: CellView },
  compare: { title: 'Compare', question: 'Did we get better?', show: CompareView },
  history: { title: 'History', question: 'Since when?', show: HistoryView },
  machine: { title: 'Machine', question: 'On what?', show: MachineView },
  run: { title: 'Run', question: 'Run it', show: RunView },
};

// Choices that make sense in another view too go along.
const KEPT: Record<ViewName, readonly string[]> = {
  matrix: ['run', 'metric', 'baseline', 'weights'],
  cost: ['run', 'baseline', 'weights'],
  cell: ['run', 'metric', 'workload', 'threads', 'allocator'],
  compare: ['metric'],
  history: ['metric', 'workload', 'threads', 'allocator'],
  machine: [],
  run: [],
};

const RUNS_LISTED = 60;

function addressFrom(route: Route, view: ViewName): string {
  const kept = KEPT[view].map((name) => [name, route.parameters[name]] as const);
  return address(view, Object.fromEntries(kept));
}

function Navigation({ route }: { route: Route }): JSX.Element {
  const current = useRef<HTMLAnchorElement>(null);
  // On a phone the list scrolls sideways.
  useEffect(
    () => current.current?.scrollIntoView({ block: 'nearest', inline: 'center' }),
    [route.view],
  );
  return (
    <nav aria-label="Views">
      {VIEWS.map((view) => (
        <a
          key={view}
          href={addressFrom(route, view)}
          aria-current={view === route.view ? 'page' : undefined}
          ref={view === route.view ? current : null}
        >
          {SHOWN[view].title}
        </a>
      ))}
    </nav>
  );
}

function ViewOrFailure({ route }: ViewProps): JSX.Element {
  const [error] = useErrorBoundary();
  const View = SHOWN[route.view].show;
  if (error) return <Failed error={error instanceof Error ? error : new Error(String(error))} />;
  return <View route={route} />;
}

export function App({ source }: { source: Source }): JSX.Element {
  const route = useRoute();
  const [version, setVersion] = useState(0);
  // What a person has chosen in a view is not lost when a run comes in.
  const loaded = useLoaded(() => source.runs(RUNS_LISTED), String(version), true);
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  const { title, question } = SHOWN[route.view];

  // A screen reader is told of a new view by its heading.
  useEffect(() => {
    document.title = `${title} · Loam`;
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [route.view]);

  const context = (page: Awaited<ReturnType<Source['runs']>>): PageContext => ({
    source,
    runs: page.runs,
    total: page.total,
    next: page.next === null ? null : String(page.next),
    refresh: () => setVersion(version + 1),
  });
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), heading.current?.focus())}
      >
        To the content
      </a>
      <header>
        <a class="brand" href="#/matrix">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <rect y="10" width="16" height="4" rx="1" />
            <rect y="5" width="10" height="4" rx="1" opacity=".7" />
            <rect width="5" height="4" rx="1" opacity=".45" />
          </svg>
          Loam
        </a>
        <Navigation route={route} />
      </header>
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {question}
        </h1>
        <WhenLoaded of={loaded}>
          {(page) => (
            <Page.Provider value={context(page)}>
              <ViewOrFailure key={route.view} route={route} />
            </Page.Provider>
          )}
        </WhenLoaded>
      </main>
    </>
  );
}
