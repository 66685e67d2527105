// Results for tests: two real runs of one machine, of two builds of the allocator "candidate".

import { readFileSync } from 'node:fs';
import { checkedResult } from './data/validate.ts';
import type { Result } from './generated/result.ts';

export function testResult(name: 'before' | 'after'): Result {
  const file = new URL(`../tests/data/${name}.json`, import.meta.url);
  return checkedResult(JSON.parse(readFileSync(file, 'utf8')), name);
}
