// A chart of Observable Plot as a figure: as wide as its place, with its name for screen readers
// and buttons that export it.

import { plot, type PlotOptions } from '@observablehq/plot';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { download, pngBlob, svgBlob } from './export.ts';
import { useWidth } from './hooks.ts';

export interface ChartProps {
  name: string; // of exported files
  title: string;
  label: string; // what a screen reader says in its place
  note?: string;
  draw: (width: number) => PlotOptions;
}

// The domain of a logarithmic axis of ratios: all of them and 1, with a little room.
export function around(ratios: readonly (number | null)[]): [number, number] {
  const known = [1, ...ratios.filter((ratio) => ratio !== null && ratio > 0)];
  const low = Math.min(...known.map(Number));
  const high = Math.max(...known.map(Number));
  const room = Math.max(1.05, (high / low) ** 0.06);
  return [low / room, high * room];
}

const TICK_SPACE = 40;
const TICK_DIGITS = [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1]];

// Round ratios along such an axis, so far apart that their names do not touch; how many, where
// the domain is so narrow that Plot finds better ones.
export function ratioTicks(
  [low, high]: readonly [number, number],
  width: number,
): number[] | number {
  const span = Math.log(high / low);
  const first = Math.floor(Math.log10(low));
  const decades = Array.from({ length: Math.ceil(Math.log10(high)) - first }, (_, i) => first + i);
  for (const digits of span > Math.log(3) ? TICK_DIGITS : []) {
    const ticks = decades
      .flatMap((power) => digits.map((digit) => Number((digit * 10 ** power).toPrecision(2))))
      .filter((tick) => tick >= low && tick <= high);
    const gaps = ticks.slice(1).map((tick, i) => Math.log(tick / (ticks[i] ?? tick)) / span);
    if (ticks.length >= 2 && Math.min(...gaps) * width >= TICK_SPACE) return ticks;
  }
  return Math.min(7, width / 64);
}

// Round numbers of KiB, MiB, ... from 0 up to `most`, four to eight of them.
export function byteTicks(most: number): number[] {
  const step = 2 ** Math.ceil(Math.log2(Math.max(most, 8) / 8));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

// The powers of ten within values, or next to them.
export function powersOfTen(values: readonly number[]): number[] {
  const logarithms = values.filter((value) => value > 0).map(Math.log10);
  const low = Math.floor(Math.min(...logarithms) + 1e-9);
  const high = Math.floor(Math.max(...logarithms) + 1e-9);
  return Array.from({ length: Math.max(1, high - low + 1) }, (_, i) => 10 ** (low + i));
}

function drawingOf(element: Element): SVGSVGElement | null {
  if (element instanceof SVGSVGElement) return element;
  return element.querySelector('svg');
}

// The drawing is one image to a screen reader, which its label describes; what Plot says of single
// marks becomes what a pointer sees over them.
function labelMarks(svg: SVGSVGElement, label: string): void {
  for (const mark of svg.querySelectorAll('[aria-label]')) {
    const said = mark.getAttribute('aria-label') ?? '';
    mark.removeAttribute('aria-label');
    if (mark instanceof SVGGElement) continue;
    const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
    title.textContent = said;
    mark.append(title);
  }
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
}

export function Chart({ name, title, label, note, draw }: ChartProps): JSX.Element {
  const [place, width] = useWidth<HTMLDivElement>();
  const drawing = useRef<SVGSVGElement | null>(null);
  useEffect(() => {
    if (!place.current || width === 0) return;
    const drawn = plot({
      width,
      style: { background: 'none', overflow: 'visible' },
      ...draw(width),
    });
    const svg = drawingOf(drawn);
    if (svg) labelMarks(svg, label);
    drawing.current = svg;
    place.current.replaceChildren(drawn);
  });
  const save = (format: 'svg' | 'png'): void => {
    const svg = drawing.current;
    if (!svg) return;
    if (format === 'svg') download(`${name}.svg`, svgBlob(svg));
    else void pngBlob(svg).then((blob) => download(`${name}.png`, blob));
  };
  return (
    <figure class="chart" data-chart={name}>
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-tools">
          <button
            type="button"
            class="quiet"
            aria-label={`SVG of: ${title}`}
            onClick={() => save('svg')}
          >
            SVG
          </button>
          <button
            type="button"
            class="quiet"
            aria-label={`PNG of: ${title}`}
            onClick={() => save('png')}
          >
            PNG
          </button>
        </span>
      </figcaption>
      <div class="drawing" ref={place} />
      {note && <p class="note">{note}</p>}
    </figure>
  );
}
