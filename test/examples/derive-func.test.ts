import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { noData, realData, titled } from '../real-data.js';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'func-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The files that the script makes of a folder of lists, by name. */
function derived(lists: string, out: string): Record<string, string> {
  execFileSync(process.execPath, [join(examples, 'derive-func.js'), lists, out]);
  return Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'utf8')]));
}

type Pair = [input: string, output: string];

const lists: Record<string, Pair[]> = {
  'abstractive/english-spanish': [
    ['mint', 'menta'],
    ['mouse', 'ratón'],
    ['run', 'correr'],
    ['hat', 'sombrero'],
  ],
  'abstractive/ag_news': ['World', 'Sports', 'Business', 'Science'].map((topic) => [`All about ${topic}.`, topic]),
  'abstractive/sentiment': [
    ['Lovely.', 'positive'],
    ['Dull.', 'negative'],
  ],
  'extractive/choose_last_of_5': [
    ['a, b, c, d, mint', 'mint'],
    ['a, b, c, d, unknown', 'unknown'],
  ],
  'extractive/choose_first_of_5': [['a, b, c, d, mouse', 'a']],
  'extractive/choose_middle_of_5': [['a, b, c, mouse, e', 'c']],
  'extractive/alphabetically_last_5': [['a, b, zebra, d, c', 'zebra']],
  'extractive/object_v_concept_5': [
    ['calm, sofa, wise, warm, at', 'sofa'],
    ['hat, calm, wise, warm, at', 'hat'],
    ['calm, mouse, wise, warm, at', 'mouse'],
    ['calm, sofa, hat, warm, at', 'sofa'],
  ],
  'extractive/verb_v_adjective_5': [['run, calm, wise, warm, odd', 'run']],
};

describe('derive-func.js', () => {
  for (const [name, pairs] of Object.entries(lists)) {
    mkdirSync(join(folder, 'lists', name.split('/')[0]), { recursive: true });
    const items = pairs.map(([input, output]) => ({ input, output }));
    writeFileSync(join(folder, 'lists', `${name}.json`), JSON.stringify(items));
  }
  const files = derived(join(folder, 'lists'), join(folder, 'made', 'func-derived'));
  const made = (name: string): Pair[] =>
    JSON.parse(files[`${name}.json`]).map(({ input, output }: { input: string; output: string }) => [input, output]);

  it('translates the last word of every list that has one with a translation', () => {
    expect(made('choose_last_of_5_spanish')).toEqual([
      ['a, b, c, d, mint', 'menta'],
      ['a, b, c, d, mouse', 'ratón'],
    ]);
  });

  it('writes a capital letter', () => {
    expect(made('alphabetically_last_5_capital')).toEqual([['a, b, zebra, d, c', 'Zebra']]);
  });

  it('translates the answer, and puts another one where it has no translation, which the list does not have yet', () => {
    const objects = made('object_v_concept_5_spanish');
    expect(objects.slice(0, 2)).toEqual([
      ['hat, calm, wise, warm, at', 'sombrero'],
      ['calm, mouse, wise, warm, at', 'ratón'],
    ]);
    expect([
      ['calm, hat, wise, warm, at', 'sombrero'],
      ['calm, mouse, wise, warm, at', 'ratón'],
    ]).toContainEqual(objects[2]);
    expect(objects[3]).toEqual(['calm, mouse, hat, warm, at', 'ratón']);
    expect(made('verb_v_adjective_5_spanish')).toEqual([['run, calm, wise, warm, odd', 'correr']]);
  });

  it('makes options of labels, and their letter the answer', () => {
    const news = made('ag_news_mc');
    expect(news.map(([input]) => input.split('\n')[0])).toEqual(lists['abstractive/ag_news'].map(([input]) => input));
    for (const [i, [input, letter]] of [...news, ...made('sentiment_mc')].entries()) {
      const [, ...options] = input.split('\n');
      const labels = i < 4 ? ['Business', 'Science', 'Sports', 'World'] : ['negative', 'positive'];
      expect(options.map((option) => option.slice(3)).sort()).toEqual(labels);
      const [, label] = [...lists['abstractive/ag_news'], ...lists['abstractive/sentiment']][i];
      expect(options).toContain(`${letter}: ${label}`);
    }
  });

  it.skipIf(noData)(titled('makes the files that docs/results.md was measured on, byte for byte'), () => {
    const again = derived(realData('function-vectors'), join(folder, 'again'));
    expect(Object.keys(again)).toHaveLength(6);
    for (const [name, text] of Object.entries(again))
      expect(readFileSync(realData('func-derived', name), 'utf8') === text, name).toBe(true);
  });
});
