import { expect, test } from 'vitest';
import { Mt19937_64 } from './mt19937_64.ts';

// The C++ standard says which number the 10,000th of the default seed is.
const TEN_THOUSANDTH = 9981545732273789042n;

test('the 10,000th number is the one that the C++ standard requires', () => {
  for (const count of [2, 7, 40, 1000, 65535]) {
    const random = new Mt19937_64(5489);
    for (let i = 1; i < 10_000; i++) random.below(count);
    expect(random.below(count)).toBe(Number(TEN_THOUSANDTH % BigInt(count)));
  }
});
