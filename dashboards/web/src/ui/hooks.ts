import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { address, parseRoute, type Parameters, type Route } from '../route.ts';

export type Loaded<T> =
  { state: 'loading' } | { state: 'failed'; error: Error } | { state: 'ready'; value: T };

// What `load` gives, again whenever `key` changes; an answer that came too late is dropped. With
// `keep`, what was there before stays until the new is.
export function useLoaded<T>(load: () => Promise<T>, key: string, keep = false): Loaded<T> {
  const [loaded, setLoaded] = useState<{ key: string; result: Loaded<T> } | null>(null);
  // Asked for at once, not after the next paint: that is a tenth of a second on a busy machine.
  useLayoutEffect(() => {
    let wanted = true;
    const settle = (result: Loaded<T>): void => {
      if (wanted) setLoaded({ key, result });
    };
    load().then(
      (value) => settle({ state: 'ready', value }),
      (error: unknown) =>
        settle({
          state: 'failed',
          error: error instanceof Error ? error : new Error(String(error)),
        }),
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return loaded && (keep || loaded.key === key) ? loaded.result : { state: 'loading' };
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = (): void => setRoute(parseRoute(location.hash));
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return route;
}

// Goes to the same view with some choices changed. The browser's Back goes from view to view,
// not from choice to choice.
export function choose(route: Route, changes: Parameters): void {
  const hash = address(route.view, { ...route.parameters, ...changes });
  if (hash === location.hash) return;
  history.replaceState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

// The width of an element in pixels, 0 before it is laid out.
export function useWidth<E extends Element>(): [{ current: E | null }, number] {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
