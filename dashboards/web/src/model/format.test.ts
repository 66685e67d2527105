import { expect, test } from 'vitest';
import {
  formatChange,
  formatCommit,
  formatDate,
  formatRatio,
  formatValue,
  plural,
} from './format.ts';

test('values have units and three figures', () => {
  expect(formatValue(6.32049, 'ns')).toBe('6.32\u202fns');
  expect(formatValue(10, 'ns')).toBe('10\u202fns');
  expect(formatValue(1234.5, 'ns')).toBe('1.23\u202fµs');
  expect(formatValue(2154496, 'bytes')).toBe('2.05\u202fMiB');
  expect(formatValue(0, 'bytes')).toBe('0\u202fB');
  expect(formatValue(0.9995, 'times')).toBe('1.000×');
  expect(formatValue(12345, 'count')).toBe('12,345');
});

test('ratios and changes', () => {
  expect(formatRatio(0.6932)).toBe('0.69');
  expect(formatRatio(0.0123)).toBe('0.012');
  expect(formatRatio(12.34)).toBe('12.3');
  expect(formatRatio(123.4)).toBe('123');
  expect(formatChange(0.69)).toBe('−31\u202f%');
  expect(formatChange(1.0123)).toBe('+1.2\u202f%');
  expect(formatChange(1)).toBe('0\u202f%');
});

test('dates, commits and counts', () => {
  expect(formatDate('2026-11-23T14:33:21+02:00')).toBe('2026-11-23 12:33 UTC');
  expect(formatDate('yesterday')).toBe('yesterday');
  expect(formatCommit('4b8e10445a171f15037b', true)).toBe('4b8e10445+');
  expect(formatCommit(null, null)).toBe('no commit');
  expect(plural(1, 'row')).toBe('1 row');
  expect(plural(2000, 'row')).toBe('2,000 rows');
});
