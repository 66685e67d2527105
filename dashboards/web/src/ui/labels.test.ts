import { expect, test } from 'vitest';
import { placeLabels } from './labels.ts';

test('a label stands beside its point, where it is free', () => {
  const places = [
    { x: 10, y: 50, text: 'one' },
    { x: 200, y: 50, text: 'two' },
  ];
  const beside = { anchor: 'start', dy: 0 };
  expect(placeLabels(places, 300)).toEqual([beside, beside]);
});

test('labels of near points do not lie on each other, nor beyond the edge', () => {
  const places = ['glibc', 'first_fit', 'segregated_fit', 'thread_heap'].map((text, i) => ({
    x: 150 + 8 * i,
    y: 100 + 3 * i,
    text,
  }));
  const labels = placeLabels(places, 260);
  expect(new Set(labels.map(({ anchor, dy }) => `${anchor} ${dy}`)).size).toBe(4);
  expect(placeLabels([{ x: 280, y: 9, text: 'jemalloc' }], 300)).toEqual([
    { anchor: 'end', dy: 0 },
  ]);
});
