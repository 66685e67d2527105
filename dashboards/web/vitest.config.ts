import { tmpdir } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  cacheDir: tmpdir(),
  test: {
    include: ['src/**/*.test.ts'],
    reporters: ['default'],
    pool: 'threads',
    maxWorkers: 2,
    minWorkers: 1,
  },
});
