import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataReader, type Pair, seededRandom } from '../../core/index.js';
import { FuncBenchmark } from '../../plugins/func/benchmark.js';
import { options } from '../../plugins/func/plugin.js';
import { makeFiles } from '../../plugins/func/recipes.js';
import { type FuncFile, funcTasks } from '../../plugins/func/tasks.js';
import { noData, realData, titled } from '../real-data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'func-lists-'));
  for (const [name, pairs] of Object.entries(lists)) writeList(name, pairs);
});
afterEach(() => rmSync(folder, { recursive: true }));

type Words = [input: string, output: string];

const asPairs = (pairs: Words[]): Pair[] => pairs.map(([input, output]) => ({ input, output }));

function writePairs(file: string, pairs: Words[]): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), JSON.stringify(asPairs(pairs)));
}
const writeList = (name: string, pairs: Words[]) => writePairs(`lists/${name}.json`, pairs);

const lists: Record<string, Words[]> = {
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
const files = Object.values(funcTasks).map(({ file }) => file);

const make = (wanted: readonly FuncFile[] = files, place = join(folder, 'lists')) =>
  makeFiles(new DataReader(folder), place, wanted);
const made = async (file: FuncFile) => ((await make()).get(file) ?? []).map(({ input, output }) => [input, output]);

const load = (given: object) =>
  new FuncBenchmark(options.parse({ lists: 'lists', ...given }), folder, seededRandom(1)).load();

describe('a file of FUNC made of the published lists', () => {
  it('translates the last word of every list that has one with a translation', async () => {
    expect(await made('choose_last_of_5_spanish.json')).toEqual([
      ['a, b, c, d, mint', 'menta'],
      ['a, b, c, d, mouse', 'ratón'],
    ]);
  });

  it('has a capital letter', async () => {
    expect(await made('alphabetically_last_5_capital.json')).toEqual([['a, b, zebra, d, c', 'Zebra']]);
  });

  it('translates the answer, and puts another one where it has no translation, which the list does not have yet', async () => {
    const objects = await made('object_v_concept_5_spanish.json');
    expect(objects.slice(0, 2)).toEqual([
      ['hat, calm, wise, warm, at', 'sombrero'],
      ['calm, mouse, wise, warm, at', 'ratón'],
    ]);
    expect([
      ['calm, hat, wise, warm, at', 'sombrero'],
      ['calm, mouse, wise, warm, at', 'ratón'],
    ]).toContainEqual(objects[2]);
    expect(objects[3]).toEqual(['calm, mouse, hat, warm, at', 'ratón']);
    expect(await made('verb_v_adjective_5_spanish.json')).toEqual([['run, calm, wise, warm, odd', 'correr']]);
  });

  it('has options of labels, and their letter as the answer', async () => {
    const news = await made('ag_news_mc.json');
    expect(news.map(([input]) => input.split('\n')[0])).toEqual(lists['abstractive/ag_news'].map(([input]) => input));
    for (const [i, [input, letter]] of [...news, ...(await made('sentiment_mc.json'))].entries()) {
      const [, ...choices] = input.split('\n');
      const labels = i < 4 ? ['Business', 'Science', 'Sports', 'World'] : ['negative', 'positive'];
      expect(choices.map((choice) => choice.slice(3)).sort()).toEqual(labels);
      const [, label] = [...lists['abstractive/ag_news'], ...lists['abstractive/sentiment']][i];
      expect(choices).toContain(`${letter}: ${label}`);
    }
  });

  it.each(files)('is the same whichever others are asked for: %s', async (file) => {
    expect((await make([file])).get(file)).toEqual((await make()).get(file));
  });
});

describe('the func benchmark with `lists`', () => {
  const last = { tasks: ['Last-Spanish'] };
  const answers = async (given: object) =>
    (await load(given)).tasks.flatMap(({ train, test }) => [...train, ...(test?.items ?? [])]);

  it('needs no ready-made files, and tells which lists it has read', async () => {
    const data = await load(last);
    expect((await answers(last)).map((one) => 'answer' in one && one.answer).sort()).toEqual([' menta', ' ratón']);
    const read = [
      'abstractive/english-spanish',
      ...['last', 'first', 'middle'].map((at) => `extractive/choose_${at}_of_5`),
    ];
    expect(data.files.map(({ path }) => path)).toEqual(read.map((name) => join(folder, 'lists', `${name}.json`)));
  });

  it('takes the files that `root` has, and makes the others', async () => {
    writePairs('root/choose_last_of_5_spanish.json', [
      ['x', 'equis'],
      ['z', 'zeta'],
    ]);
    writeList('extractive/verb_v_adjective_5', [
      ['run, calm, wise, warm, odd', 'run'],
      ['calm, run, wise, warm, odd', 'run'],
    ]);
    const given = { root: 'root', tasks: ['Last-Spanish', 'Verb-Spanish'] };
    expect((await answers(given)).map((one) => 'answer' in one && one.answer).sort()).toEqual(
      [' equis', ' zeta', ' correr', ' correr'].sort(),
    );
    const { files: read } = await load(given);
    expect(read.map(({ path }) => path.slice(folder.length + 1))).toEqual([
      'root/choose_last_of_5_spanish.json',
      'lists/abstractive/english-spanish.json',
      'lists/extractive/object_v_concept_5.json',
      'lists/extractive/verb_v_adjective_5.json',
    ]);
  });

  it('refuses lists that are not there, all in one line, and tells where they are published', async () => {
    rmSync(join(folder, 'lists/extractive'), { recursive: true });
    await expect(load({ tasks: ['Last-Spanish', 'Alphabetically-Capital'] })).rejects.toThrow(
      /^\[DATA_FILE\] .*\/lists: .*expected 4 files, got none of extractive\/{choose_last_of_5,choose_first_of_5,choose_middle_of_5,alphabetically_last_5}\.json\. They come from https:\/\/github\.com\/ericwtodd\/function_vectors; docs\/data\.md tells how to get them\.$/,
    );
  });

  it('refuses a label that is not among the options, by file and item', async () => {
    writeList('abstractive/sentiment', [...lists['abstractive/sentiment'], ['So so.', 'neutral']]);
    await expect(load({ tasks: ['Sentiment-mc'] })).rejects.toThrow(
      /DATA_LINE.*abstractive\/sentiment\.json, item 3: .*one of positive, negative, got "neutral"/,
    );
  });

  it('refuses an answer for which no other has a translation', async () => {
    writeList('extractive/object_v_concept_5', [['calm, sofa, wise, warm, at', 'sofa']]);
    await expect(load({ tasks: ['Object-Spanish'] })).rejects.toThrow(
      /DATA_LINE.*object_v_concept_5\.json, item 1: .*an answer that has a translation.*got "sofa"/,
    );
  });

  it('says which files are not those that the published lists make', async () => {
    const { notices } = await load({ tasks: ['AGNews-mc', 'Object-Spanish'] });
    expect(notices).toEqual(
      ['ag_news_mc', 'object_v_concept_5_spanish'].map((name) =>
        expect.stringMatching(`^${name}\\.json is not what the`),
      ),
    );
  });

  it('refuses lists of which too little is left', async () => {
    await expect(load({ tasks: ['Alphabetically-Capital'] })).rejects.toThrow(
      /DATA_EMPTY.*alphabetically_last_5_capital\.json made of lists: .*at least 2 items.*got 1/,
    );
  });

  it('asks for one of `lists` and `root`', () => {
    expect(options.safeParse({}).error?.issues[0]).toMatchObject({
      path: ['lists'],
      message: /`lists`, `root` or both/,
    });
  });
});

describe.skipIf(noData)(titled('FUNC made of the lists as published'), () => {
  it('has the bytes that docs/data.md tells, each file alone and all of them together', async () => {
    const page = readFileSync(new URL('../../docs/data.md', import.meta.url), 'utf8');
    const told = [...page.matchAll(/^ {4}([0-9a-f]{64}) {2}(\S+)$/gm)].map(([, sha256, file]) => [file, sha256]);
    expect(told.map(([file]) => file).sort()).toEqual([...files].sort());
    const all = await make(files, realData('function-vectors'));
    for (const [file, sha256] of told) {
      const pairs = all.get(file as FuncFile);
      const text = `${JSON.stringify(pairs, null, 4)}\n`;
      expect(createHash('sha256').update(text).digest('hex'), file).toBe(sha256);
    }
  });

  it('gives the same tasks as the ready-made files', async () => {
    const tasksOf = async (given: object) => (await load({ tasks: undefined, ...given })).tasks;
    const fromLists = await tasksOf({ lists: realData('function-vectors') });
    expect(fromLists).toEqual(await tasksOf({ root: realData('func-derived'), lists: undefined }));
    expect((await load({ tasks: undefined, lists: realData('function-vectors') })).notices).toEqual([]);
    expect(fromLists.map(({ train }) => train.length)).toEqual([700, 700, 816, 700, 700, 1500]);
  });
});
