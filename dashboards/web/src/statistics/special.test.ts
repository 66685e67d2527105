import { expect, test } from 'vitest';
import { erfc, logGamma } from './special.ts';
import { studentQuantile, studentTwoSidedP } from './student.ts';

// Values of tables (Abramowitz and Stegun).
test('erfc', () => {
  expect(erfc(0)).toBe(1);
  expect(erfc(0.5)).toBeCloseTo(0.4795001221869535, 14);
  expect(erfc(1)).toBeCloseTo(0.15729920705028513, 14);
  expect(erfc(2)).toBeCloseTo(0.004677734981047266, 16);
  expect(erfc(-1)).toBeCloseTo(1.8427007929497148, 14);
  expect(erfc(5) / 1.5374597944280349e-12).toBeCloseTo(1, 12);
});

test('the logarithm of the gamma function', () => {
  expect(logGamma(1)).toBeCloseTo(0, 14);
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 14);
  expect(logGamma(11)).toBeCloseTo(Math.log(3628800), 12);
});

test('Student’s distribution', () => {
  expect(studentQuantile(0.975, 5)).toBeCloseTo(2.570581836, 8);
  expect(studentQuantile(0.025, 5)).toBeCloseTo(-2.570581836, 8);
  expect(studentTwoSidedP(2.570581836, 5)).toBeCloseTo(0.05, 9);
  expect(studentTwoSidedP(Infinity, 5)).toBe(0);
});
