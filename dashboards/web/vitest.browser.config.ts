import { tmpdir } from 'node:os';
import { defineConfig } from 'vitest/config';

// One file after the other: two browsers at once would only wait for each other.
export default defineConfig({
  cacheDir: tmpdir(),
  test: {
    include: ['tests/**/*.browser.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
