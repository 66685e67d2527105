// Which points no other beats in both directions; less is better.

export interface Point {
  x: number;
  y: number;
}

// In the order of x.
export function frontier<P extends Point>(points: readonly P[]): P[] {
  const byX = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  const best: P[] = [];
  let least = Infinity;
  for (const point of byX) {
    if (point.y >= least) continue;
    best.push(point);
    least = point.y;
  }
  return best;
}
