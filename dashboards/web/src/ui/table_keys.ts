// Arrow keys in a table of links: one of them is a stop of Tab, the arrows go on from there.

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

function linkAt(row: HTMLTableRowElement | undefined, column: number): HTMLAnchorElement | null {
  return row?.cells[column]?.querySelector('a') ?? null;
}

// Only the links of table data: those of row headers stay stops of their own.
export function moveByArrows(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const from = event.target;
  if (!step || !(from instanceof HTMLAnchorElement)) return;
  const cell = from.closest('td');
  const table = from.closest('table');
  const row = from.closest('tr');
  if (!cell || !table || !row) return;
  event.preventDefault();
  const [down, right] = step;
  const rows = [...table.rows];
  let y = rows.indexOf(row) + down;
  let x = cell.cellIndex + right;
  // Over headings of groups and cells without a value.
  for (; y >= 0 && y < rows.length && x >= 0 && x < (rows[y]?.cells.length ?? 0) + 1;) {
    const link = linkAt(rows[y], x);
    if (link && link.closest('td')) {
      from.tabIndex = -1;
      link.tabIndex = 0;
      link.focus();
      return;
    }
    if (down === 0 && right === 0) return;
    y += down;
    x += right;
  }
}
