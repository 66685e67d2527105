// Where the names of points in a chart stand, so that none lies on another.

export interface Place {
  x: number;
  y: number;
  text: string;
}

export interface Label {
  anchor: 'start' | 'end';
  dy: number;
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

const LETTER = 6.5;
const LINE = 13;
const DOT = 12;
export const LABEL_DISTANCE = 10;

const CHOICES: readonly Label[] = [0, LINE, -LINE, 2 * LINE].flatMap((dy): Label[] => [
  { anchor: 'start', dy },
  { anchor: 'end', dy },
]);

function boxOf({ x, y, text }: Place, { anchor, dy }: Label): Box {
  const width = text.length * LETTER;
  const left = anchor === 'start' ? x + LABEL_DISTANCE : x - LABEL_DISTANCE - width;
  return { left, top: y + dy - LINE / 2, width, height: LINE };
}

const touch = (a: Box, b: Box): boolean =>
  a.left < b.left + b.width &&
  b.left < a.left + a.width &&
  a.top < b.top + b.height &&
  b.top < a.top + a.height;

// Beside its point where that is free, else a line lower or higher; all within 0 and `right`.
export function placeLabels(places: readonly Place[], right: number): Label[] {
  const taken: Box[] = places.map(({ x, y }) => ({
    left: x - DOT / 2,
    top: y - DOT / 2,
    width: DOT,
    height: DOT,
  }));
  return places.map((place) => {
    const free = CHOICES.find((choice) => {
      const box = boxOf(place, choice);
      const inside = box.left >= 0 && box.left + box.width <= right;
      return inside && !taken.some((other) => touch(box, other));
    });
    const label = free ?? { anchor: 'start', dy: 0 };
    taken.push(boxOf(place, label));
    return label;
  });
}
