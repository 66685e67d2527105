// The 64-bit Mersenne Twister, std::mt19937_64 of C++. With it the page resamples just as the
// matrix does, and both come to the same intervals to the last digit.
//
// Words are kept as two halves of 32 bits: BigInt would take fifty times as long.

const SIZE = 312;
const MIDDLE = 156;
const TWIST_HIGH = 0xb5026f5a;
const TWIST_LOW = 0xa96619e9;
const TWO_TO_32 = 0x1_0000_0000;

export class Mt19937_64 {
  private readonly high = new Uint32Array(SIZE);
  private readonly low = new Uint32Array(SIZE);
  private next = SIZE;

  constructor(seed: number) {
    const mask = (1n << 64n) - 1n;
    let word = BigInt(seed);
    for (let i = 0; i < SIZE; i++) {
      if (i > 0) word = (6364136223846793005n * (word ^ (word >> 62n)) + BigInt(i)) & mask;
      this.high[i] = Number(word >> 32n);
      this.low[i] = Number(word & 0xffffffffn);
    }
  }

  // The next number modulo `count`, a whole number below 2^20.
  below(count: number): number {
    if (this.next === SIZE) this.twist();
    let high = this.high[this.next] ?? 0;
    let low = this.low[this.next] ?? 0;
    this.next++;
    // y ^= y >> 29, & 0x5555555555555555
    low ^= ((low >>> 29) | (high << 3)) & 0x55555555;
    high ^= (high >>> 29) & 0x55555555;
    // y ^= y << 17, & 0x71d67fffeda60000
    high ^= ((high << 17) | (low >>> 15)) & 0x71d67fff;
    low ^= (low << 17) & 0xeda60000;
    // y ^= y << 37, & 0xfff7eee000000000
    high ^= (low << 5) & 0xfff7eee0;
    // y ^= y >> 43
    low ^= high >>> 11;
    return (((high >>> 0) % count) * (TWO_TO_32 % count) + (low >>> 0)) % count;
  }

  private twist(): void {
    const { high, low } = this;
    for (let i = 0; i < SIZE; i++) {
      const after = (i + 1) % SIZE;
      const other = (i + MIDDLE) % SIZE;
      // y: the upper 33 bits of this word and the lower 31 of the one after.
      const y_high = high[i] ?? 0;
      const y_low = ((low[i] ?? 0) & 0x80000000) | ((low[after] ?? 0) & 0x7fffffff);
      const odd = y_low & 1;
      high[i] = (high[other] ?? 0) ^ (y_high >>> 1) ^ (odd ? TWIST_HIGH : 0);
      low[i] = (low[other] ?? 0) ^ ((y_low >>> 1) | (y_high << 31)) ^ (odd ? TWIST_LOW : 0);
    }
    this.next = 0;
  }
}
