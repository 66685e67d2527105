// Numbers as people read them.

import type { Unit } from './metrics.ts';

const MINUS = '\u2212';
const THIN = '\u202f';

function significant(value: number, digits: number): string {
  if (value === 0) return '0';
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 6));
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let at = 0;
  let rest = value;
  while (rest >= step && at < units.length - 1) {
    rest /= step;
    at++;
  }
  const digits = rest >= 100 || (at === 0 && Number.isInteger(rest)) ? 0 : 3;
  const number = digits === 0 ? rest.toFixed(0) : significant(rest, digits);
  return `${number}${THIN}${units[at] ?? ''}`;
}

export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'ns':
      return scaled(value, 1000, ['ns', 'µs', 'ms', 's']);
    case 'bytes':
      return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB']);
    case 'times':
      return `${significant(value, 3)}×`;
    case 'count':
      return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
  }
}

// "0.69", and "12" where more digits would be noise.
export function formatRatio(ratio: number): string {
  if (ratio >= 100) return ratio.toFixed(0);
  if (ratio >= 10) return ratio.toFixed(1);
  return ratio < 0.1 ? significant(ratio, 2) : ratio.toFixed(2);
}

// "−31 %", "+5 %"; how far a ratio is from 1.
export function formatChange(ratio: number): string {
  const percent = (ratio - 1) * 100;
  const digits = Math.abs(percent) < 9.95 ? 1 : 0;
  const number = Math.abs(percent).toFixed(digits);
  if (Number(number) === 0) return `0${THIN}%`;
  return `${percent < 0 ? MINUS : '+'}${number}${THIN}%`;
}

export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)}${THIN}%`;
}

export function formatDate(date: string): string {
  const parsed = new Date(date);
  if (Number.isNaN(parsed.getTime())) return date;
  return `${parsed.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function formatCommit(commit: string | null, modified: boolean | null): string {
  if (commit === null) return 'no commit';
  return commit.slice(0, 9) + (modified === true ? '+' : '');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
