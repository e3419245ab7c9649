import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DataReader } from '../../core/text/data-reader.js';
import { optionLetters, splitInOrder, unseen } from '../../core/text/samples.js';

it('cuts a list in its order, all others scored where no number is given', () => {
  const items = [1, 2, 3, 4, 5, 6];
  expect(splitInOrder(items, { first: 2, test: 1 }, 'x')).toEqual({ first: [1, 2], test: [3], validation: [] });
  expect(splitInOrder(items, { first: 2, test: 1, validation: 2 }, 'x').validation).toEqual([4, 5]);
  expect(splitInOrder(items, { first: 2, validation: 1 }, 'x')).toMatchObject({ test: [3, 4, 5], validation: [6] });
  expect(() => splitInOrder(items, { first: 4, test: 2, validation: 1 }, 'x')).toThrow(/DATA_EMPTY.*x.*at least 7/);
  expect(() => splitInOrder(items, { first: 0 }, 'x')).toThrow(/DATA_EMPTY/);
});

it('leaves out samples whose prompts were seen', () => {
  const [one, two] = ['one', 'two'].map((prompt) => ({ prompt, answer: ' x' }));
  expect(unseen([one, two], [{ ...one, answer: ' y' }], [])).toEqual([two]);
  expect(unseen([one, two], [one], [two])).toBeUndefined();
});

it('finds the letters of listed options, also where an option has several lines', () => {
  expect(optionLetters('Which?\nA. Dear,\nBob\nB. Dear\nC. Bye', 'A', '. ')).toEqual(['A', 'B', 'C']);
  expect(optionLetters('a: said she\nb: positive\nd: none', 'a', ': ')).toEqual(['a', 'b']);
  expect(optionLetters('none', 'a', ': ')).toEqual([]);
});

it('reads a file once and counts what it has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reader-'));
  const file = join(folder, 'a.json');
  const reader = new DataReader(folder);
  writeFileSync(file, '[1, 2]');
  expect(await reader.items('a.json')).toEqual([
    { where: `${file}, item 1`, value: 1 },
    { where: `${file}, item 2`, value: 2 },
  ]);
  rmSync(folder, { recursive: true });
  expect(await reader.items('./a.json')).toHaveLength(2);
  expect(reader.files()).toMatchObject([{ path: file, items: 2 }]);
});
