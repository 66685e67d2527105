import { expect, test } from 'vitest';
import { toCsv } from './export.ts';

test('CSV quotes what needs it, and nothing runs in a spreadsheet', () => {
  expect(
    toCsv([
      ['a', 1.5, null],
      ['say "hi", all', true, undefined],
    ]),
  ).toBe('a,1.5,\r\n"say ""hi"", all",true,\r\n');
  expect(toCsv([['=1+1', '-2', -2]])).toBe("'=1+1,'-2,-2\r\n");
});
