import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom, type TextExample } from '../../core/index.js';
import { FuncBenchmark } from '../../plugins/func/benchmark.js';
import { options } from '../../plugins/func/plugin.js';
import { funcTasks } from '../../plugins/func/tasks.js';
import { noData, realData, titled } from '../real-data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'func-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const load = (given: object, seed = 1) =>
  new FuncBenchmark(options.parse({ root: '.', ...given }), folder, seededRandom(seed)).load();

const write = (file: string, items: unknown) => writeFileSync(join(folder, file), JSON.stringify(items));
const words = Array.from('abcdefghij', (letter) => ({ input: `x, ${letter}`, output: letter.repeat(2) }));
const moods = ['fine', 'dull', 'nice'].map((input) => ({ input: `${input}\na: negative\nb: positive`, output: 'b' }));
const last = { tasks: ['Last-Spanish'] };

/** What an example is about: its answer. */
const answers = (examples: readonly object[] | undefined) => examples?.map((one) => (one as TextExample).answer);

describe('the func benchmark', () => {
  beforeEach(() => write('choose_last_of_5_spanish.json', words));

  it('asks each question behind the instruction of its task', async () => {
    const { tasks, answerEnd } = await load(last);
    const [example] = tasks[0].train as TextExample[];
    const letter = example.answer.slice(1, 2);
    expect(example).toEqual({
      prompt: `Translate the last word of the list into Spanish.\nQ: x, ${letter}\nA:`,
      answer: ` ${letter}${letter}`,
    });
    expect([tasks[0].epochs, answerEnd]).toEqual([10, 'eos']);
  });

  it('trains on 70 % of a file and scores the others, without a common item', async () => {
    const { tasks, files } = await load(last);
    const { train, test, validation } = tasks[0];
    expect([train.length, test?.items.length, validation]).toEqual([7, 3, undefined]);
    expect(test?.demonstrations).toEqual(train);
    const all = [...(answers(train) ?? []), ...(answers(test?.items) ?? [])];
    expect(all.sort()).toEqual(words.map(({ output }) => ` ${output}`));
    expect(files).toMatchObject([{ path: join(folder, 'choose_last_of_5_spanish.json'), items: 10 }]);
  });

  it("shuffles by the run's seed and the task's name", async () => {
    write('verb_v_adjective_5_spanish.json', words);
    const order = async (given: object, seed?: number) => answers((await load(given, seed)).tasks[0].train);
    expect(await order(last)).toEqual(await order({ tasks: ['Last-Spanish', 'Verb-Spanish'] }));
    expect(await order(last, 2)).not.toEqual(await order(last));
    expect(await order({ tasks: ['Verb-Spanish'] })).not.toEqual(await order(last));
  });

  it('keeps items for validation that are neither trained nor scored, as plain pairs', async () => {
    const plain = (await load(last)).tasks[0];
    const { train, test, validation } = (await load({ ...last, validation: 2 })).tasks[0];
    expect(train).toEqual(plain.train);
    expect([...(answers(test?.items) ?? []), ...(answers(validation) ?? [])]).toEqual(answers(plain.test?.items));
    expect(validation?.map(({ prompt }) => prompt.slice(0, 6))).toEqual(['Q: x, ', 'Q: x, ']);
    const instructed = (await load({ ...last, validation: 2, validationInstruction: true })).tasks[0];
    expect(instructed.validation?.[0].prompt).toMatch(/^Translate the last word/);
  });

  it('takes the first items only where a maximum is set, and demonstrations of all', async () => {
    const [{ train, test, validation }] = (await load({ ...last, maxTrain: 2, maxTest: 1, validation: 1 })).tasks;
    const sizes = [train, test?.items, validation, test?.demonstrations].map((list) => list?.length);
    expect(sizes).toEqual([2, 1, 1, 7]);
  });

  it('says where a task has fewer items than a maximum asks for', async () => {
    expect((await load({ ...last, maxTrain: 8, maxTest: 3 })).notices).toEqual([
      'maxTrain asks for 8: Last-Spanish has 7',
    ]);
    expect((await load({ ...last, validation: 1, maxTest: 3 })).notices).toEqual([
      'maxTest asks for 3: Last-Spanish has 2',
    ]);
  });

  it('scores tasks with options by their letters', async () => {
    write('sentiment_mc.json', moods);
    const { tasks } = await load({ tasks: ['Sentiment-mc'] });
    expect(tasks[0].test?.items).toMatchObject([{ answer: ' b', choices: [' a', ' b'] }]);
    expect(tasks[0].train[0]).toMatchObject({ choices: [' a', ' b'] });
  });

  it('evaluates the held-out sets of the paper, and sets of pairs', async () => {
    const question = { id: '1', question: 'Is ice cold?', choices: ['no', 'yes'], answer: 1 };
    for (const file of ['hellaswag.jsonl', 'hellaswag.fewshot.jsonl']) write(file, question);
    const pairs = [{ name: 'last', file: 'choose_last_of_5_spanish.json', shots: 4, test: 5 }];
    const both = await load({ ...last, heldOut: { root: '.', sets: ['hellaswag'], pairs } });
    expect(both.heldOut.map(({ name, items }) => [name, items.length])).toEqual([
      ['hellaswag', 1],
      ['last', 5],
    ]);
    expect(both.heldOut[1].demonstrations).toHaveLength(4);
    expect(both.heldOut[1].items[0].prompt).toMatch(/^Q: x, .\nA:$/);
    expect((await load({ ...last, heldOut: { pairs } })).heldOut).toHaveLength(1);
  });
});

describe('what the func benchmark refuses', () => {
  it('an output that is no letter of an option, and an input without options, by file and item', async () => {
    write('sentiment_mc.json', [...moods, { ...moods[0], output: 'c' }]);
    await expect(load({ tasks: ['Sentiment-mc'] })).rejects.toThrow(
      /DATA_LINE.*sentiment_mc\.json, item 4.*one of a, b, got "c"/,
    );
    write('sentiment_mc.json', [{ input: 'fine', output: 'a' }]);
    await expect(load({ tasks: ['Sentiment-mc'] })).rejects.toThrow(/DATA_LINE.*item 1.*options a:, b:/);
  });

  it('files that are not there, all in one line, and tells of `lists`', async () => {
    await expect(load({ tasks: ['Verb-Spanish', 'AGNews-mc'], heldOut: { root: 'away' } })).rejects.toThrow(
      /^\[DATA_FILE\] .*: .*expected 10 files, got none of {verb_v_adjective_5_spanish,ag_news_mc}\.json, away\/{hellaswag,.*}\.jsonl\. They come from the lists of https:\/\/github\.com\/ericwtodd\/function_vectors, which `lists` makes them of, and from the repositories of the held-out sets; docs\/data\.md tells how to get them\.$/,
    );
  });

  it('a file that is too short or not there, and a pair without its keys', async () => {
    write('choose_last_of_5_spanish.json', words);
    await expect(load({ ...last, validation: 3 })).rejects.toThrow(/DATA_EMPTY.*at least 11 items.*3 for validation/);
    write('choose_last_of_5_spanish.json', [{ input: 'a' }]);
    await expect(load(last)).rejects.toThrow(/DATA_LINE.*choose_last_of_5_spanish\.json, item 1.*output/);
    await expect(load({ tasks: ['Verb-Spanish'] })).rejects.toThrow(/DATA_FILE.*verb_v_adjective_5_spanish\.json/);
  });

  it('a task that is not there or is there twice', () => {
    const issue = (given: object) => options.safeParse({ root: 'x', ...given }).error?.issues[0];
    expect(issue({ tasks: ['Noun-Spanish'] })).toMatchObject({ path: ['tasks', 0] });
    expect(issue({ tasks: ['AGNews-mc', 'AGNews-mc'] })).toMatchObject({ path: ['tasks'] });
  });
});

describe.skipIf(noData)(titled("FUNC's own files"), () => {
  it("are read whole: six tasks in the paper's order, with its counts of training items", async () => {
    const { tasks, heldOut } = await load({ root: realData('func-derived'), heldOut: { root: realData('held-out') } });
    expect(tasks.map(({ name }) => name)).toEqual(Object.keys(funcTasks));
    expect(tasks.map(({ train }) => train.length)).toEqual([700, 700, 816, 700, 700, 1500]);
    expect(tasks.map(({ test }) => test?.items[0].choices?.length)).toEqual([
      undefined,
      undefined,
      2,
      undefined,
      undefined,
      4,
    ]);
    expect(heldOut).toHaveLength(4);
  });
});
