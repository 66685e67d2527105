// What the words of a view mean.

import type { JSX } from 'preact';

const MEANINGS = {
  cell: 'One allocator under one workload with one number of threads.',
  row: 'The cells of one workload and number of threads. Its allocators are measured right after each other.',
  repetition: 'One fresh process that does a cell’s fixed work once.',
  round: 'One repetition of every cell, in shuffled order.',
  baseline: 'The allocator that the others are compared with.',
  ratio:
    'The median of a cell’s ratios to the baseline of the same round. 0.80 is a fifth less than the baseline; less is better everywhere on this page.',
  noise:
    'A difference is called one, and coloured, only where three tests agree that it is no chance: a paired t-test corrected for all cells of the table, a signed-rank test, and the interval. All else is noise.',
  interval: 'Where the true value lies in 19 of 20 such measurements (95 %, by bootstrap).',
  mean: 'The weighted geometric mean of the ratios: half as long here and twice as long there cancel out.',
  floor: 'No allocator, but the least work that could serve malloc: a limit to compare with.',
  rss: 'Resident set size: the memory that a process really occupies.',
  frontier: 'The allocators that no other beats in both: less of one costs more of the other.',
  percentile: 'p99.9 is the time that 999 of 1,000 calls do not exceed.',
  fault: 'The kernel gives a process a page that it did not have; it costs time at first touch.',
  switch:
    'Another program or thread ran on the processor meanwhile: by waiting (voluntary) or not.',
  threshold: 'The least difference that this cell would have shown four times in five.',
  change:
    'A run from which on the values are others than before it, by more than chance: the rank-sum test over the runs on both sides, corrected for all places where it could be.',
  band: 'How far single runs stray from the level of their neighbours (95 %): what lies inside is noise.',
  comparable:
    'Two runs are compared only if machine and work are the same; else a difference says nothing of the allocators.',
  trace:
    'What a program asked of malloc, recorded with loam-trace, to be done again under any allocator.',
} as const;

export type Word = keyof typeof MEANINGS;

const TITLES: Partial<Record<Word, string>> = {
  rss: 'RSS',
  change: 'change point',
  band: 'noise band',
  fault: 'page fault',
  switch: 'context switch',
  threshold: 'threshold',
};

export function Words({ of }: { of: readonly Word[] }): JSX.Element {
  return (
    <details class="words">
      <summary>What the words mean</summary>
      <dl>
        {of.map((word) => (
          <div key={word}>
            <dt>{TITLES[word] ?? word}</dt>
            <dd>{MEANINGS[word]}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
