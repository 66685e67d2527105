// How an allocator is drawn: a colour and a shape, the same in all views of a run. Okabe and Ito's
// colours, told apart by the colour-blind; the shape says it again.

import type { Allocator } from '../model/run.ts';

const COLOURS = 8;
const SHAPES = ['circle', 'triangle', 'square', 'diamond', 'star', 'cross', 'wye'] as const;
const FLOOR_SHAPE = 'hexagon';

export interface Look {
  colour: string;
  shape: (typeof SHAPES)[number] | typeof FLOOR_SHAPE;
}

export function lookOf(allocators: readonly Allocator[], name: string): Look {
  const kind = allocators.find((allocator) => allocator.name === name)?.kind;
  if (kind === 'floor') return { colour: 'var(--muted)', shape: FLOOR_SHAPE };
  const others = allocators.filter((allocator) => allocator.kind !== 'floor');
  const at = Math.max(
    0,
    others.findIndex((allocator) => allocator.name === name),
  );
  return { colour: `var(--series-${at % COLOURS})`, shape: SHAPES[at % SHAPES.length] ?? 'circle' };
}
