// What a view shows, as a file.

export type CsvValue = string | number | boolean | null | undefined;

const FORMULA = /^[=+\-@\t\r]/;

// RFC 4180. A spreadsheet would run text that begins like a formula: such text gets a quote.
export function toCsv(rows: readonly (readonly CsvValue[])[]): string {
  const field = (value: CsvValue): string => {
    if (value == null) return '';
    if (typeof value !== 'string') return String(value);
    const safe = FORMULA.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => row.map(field).join(',') + '\r\n').join('');
}

export function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has taken the address by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const INHERITED = ['fill', 'stroke', 'color', 'font-family', 'font-size', 'font-weight'] as const;
const INITIAL = [
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'fill-opacity',
  'stroke-opacity',
] as const;

// A copy that looks the same outside the page: its colours no longer come from the page's style.
export function standalone(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) throw new Error('a copy of a drawing is a drawing');
  const copies = [copy, ...copy.querySelectorAll('*')];
  [svg, ...svg.querySelectorAll('*')].forEach((element, i) => {
    const target = copies[i];
    if (!target || element instanceof SVGStyleElement) return;
    const style = getComputedStyle(element);
    for (const name of [...INHERITED, ...INITIAL])
      target.setAttribute(name, style.getPropertyValue(name));
    target.removeAttribute('style');
    target.removeAttribute('class');
  });
  for (const style of copy.querySelectorAll('style')) style.remove();
  const box = svg.viewBox.baseVal;
  const background = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  background.setAttribute('width', String(box.width));
  background.setAttribute('height', String(box.height));
  background.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  copy.prepend(background);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(box.width));
  copy.setAttribute('height', String(box.height));
  return copy;
}

export function svgBlob(svg: SVGSVGElement): Blob {
  const text = new XMLSerializer().serializeToString(standalone(svg));
  return new Blob([text], { type: 'image/svg+xml' });
}

const PNG_SCALE = 2;

export async function pngBlob(svg: SVGSVGElement): Promise<Blob> {
  const { width, height } = svg.viewBox.baseVal;
  const image = new Image();
  image.src = URL.createObjectURL(svgBlob(svg));
  await image.decode();
  URL.revokeObjectURL(image.src);
  const canvas = document.createElement('canvas');
  canvas.width = width * PNG_SCALE;
  canvas.height = height * PNG_SCALE;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error('the browser could not make a PNG'));
    });
  });
}
