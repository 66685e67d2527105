import type { ComponentChildren, JSX } from 'preact';
import type { Loaded } from './hooks.ts';

// In place of a view that has nothing to show: says what to do next.
export function Empty({
  title,
  children,
}: {
  title: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Warning({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <div class="warning" role="note">
      {children}
    </div>
  );
}

export function Failed({ error }: { error: Error }): JSX.Element {
  return (
    <div class="failed" role="alert">
      <strong>This could not be shown.</strong> {error.message}
    </div>
  );
}

interface WhenLoadedProps<T> {
  of: Loaded<T>;
  children: (value: T) => ComponentChildren;
}

export function WhenLoaded<T>({ of, children }: WhenLoadedProps<T>): JSX.Element {
  if (of.state === 'loading')
    return (
      <p class="loading" role="status">
        Loading…
      </p>
    );
  if (of.state === 'failed') return <Failed error={of.error} />;
  return <>{children(of.value)}</>;
}

export function NoRuns({ service }: { service: boolean }): JSX.Element {
  return (
    <Empty title="No runs yet">
      <p>Measure, and the result shows here:</p>
      <pre>
        {service
          ? 'bazel run //benchmarks:matrix -- --upload ' + location.origin
          : 'bazel run //benchmarks:matrix'}
      </pre>
      {service ? (
        <p>
          That takes about five minutes. Or <a href="#/run">choose and start a run here</a>, or{' '}
          <a href="#/machine">upload a result file</a> that you already have.
        </p>
      ) : (
        <p>It ends with the path of a report like this one, with the run in it.</p>
      )}
    </Empty>
  );
}
