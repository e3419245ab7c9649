import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TextExample } from '../../core/index.js';
import { seededRandom } from '../../core/training/random.js';
import { TraceBenchmark } from '../../plugins/trace/benchmark.js';
import { options } from '../../plugins/trace/plugin.js';
import { noData, realData, titled } from '../real-data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const load = (given: object) =>
  new TraceBenchmark(options.parse({ root: 'trace', ...given }), folder, seededRandom(1)).load();

type Sample = { prompt: string; answer: string };

/** Writes a task's three files; a part that is not given has one sample of its own. */
function write(task: string, parts: { train?: Sample[]; eval?: Sample[]; test?: Sample[] }, answer = '1'): void {
  mkdirSync(join(folder, 'trace', task), { recursive: true });
  for (const part of ['train', 'eval', 'test'] as const) {
    const samples = parts[part] ?? [{ prompt: `${part}\nAnswer:`, answer }];
    writeFileSync(join(folder, 'trace', task, `${part}.json`), JSON.stringify(samples));
  }
}

const math = (question: string, answer: string) => ({ prompt: `Question:\n${question}\nAnswer:`, answer });
const poem = {
  prompt: 'Question:\nWhich one rhymes?\n\nChoices:\nA. High up\nAbove\nB. Below\nC. Aside\n\nAnswer:',
  answer: 'B\nBecause it does.\nC. is another.',
};

describe('the trace benchmark', () => {
  it('trains on train.json, scores test.json and keeps eval.json for validation', async () => {
    const [one, two, three, four] = ['1 + 0', '1 + 1', '1 + 2', '1 + 3'].map((sum, i) => math(sum, `${i + 1}`));
    write('NumGLUE-cm', { train: [one, two], eval: [three], test: [four] });
    const { tasks, files, answerEnd, heldOut } = await load({ tasks: ['NumGLUE-cm'] });
    const asText = ({ prompt, answer }: Sample) => ({ prompt, answer: ` ${answer}` });
    expect(tasks).toMatchObject([
      {
        name: 'NumGLUE-cm',
        epochs: 5,
        train: [asText(one), asText(two)],
        validation: [asText(three)],
        test: { name: 'NumGLUE-cm', items: [asText(four)], demonstrations: [asText(one), asText(two)] },
      },
    ]);
    expect(tasks[0].test?.items[0]).toEqual({
      ...asText(four),
      where: `${join(folder, 'trace', 'NumGLUE-cm', 'test.json')}, item 1`,
    });
    expect(files.map(({ items }) => items)).toEqual([2, 1, 1]);
    expect([answerEnd, heldOut]).toEqual(['eos', []]);
  });

  it('leaves Chinese and German text as it stands, and no blank after a full-width colon', async () => {
    const chinese = { prompt: '文本：\n今天很好。\n对象：\n天气\n态度：', answer: 'A' };
    const german = { prompt: 'Paragraph:\nÄrger über Öl.\n\nSimplification:', answer: 'Öl ist teuer. ' };
    write('C-STANCE', { train: [chinese] }, 'A');
    write('20Minuten', { train: [german] });
    const { tasks } = await load({ tasks: ['C-STANCE', '20Minuten'] });
    expect(tasks[0].train).toMatchObject([chinese]);
    expect(tasks[0].test?.demonstrations).toMatchObject([{ ...chinese, choices: ['A', 'B', 'C'] }]);
    expect(tasks[1].train).toMatchObject([{ prompt: german.prompt, answer: ' Öl ist teuer. ' }]);
  });

  it('scores stances by choices A, B and C', async () => {
    write('FOMC', { test: [{ prompt: 'Rates rise.\nStance:', answer: 'B' }] }, 'C');
    const { tasks } = await load({ tasks: ['FOMC'] });
    expect(tasks[0].test?.items).toMatchObject([{ answer: ' B', choices: [' A', ' B', ' C'] }]);
    expect(tasks[0].train).toMatchObject([{ answer: ' C' }]);
  });

  it('trains ScienceQA on letter and reasons, and scores the letter among the choices of the question', async () => {
    write('ScienceQA', { train: [poem], eval: [{ ...poem, prompt: `1\n${poem.prompt}` }], test: [poem] });
    const { tasks } = await load({ tasks: ['ScienceQA'] });
    const scored = { answer: ' B', choices: [' A', ' B', ' C'] };
    expect(tasks[0].train).toMatchObject([{ prompt: poem.prompt, answer: ` ${poem.answer}` }]);
    expect(tasks[0].test).toMatchObject({ items: [scored], demonstrations: [scored] });
    expect(tasks[0].validation).toMatchObject([scored]);
  });

  it('scores summaries and simplifications by ROUGE-L, code by edit similarity, the others as by default', async () => {
    const metrics = { MeetingBank: 'rougeLUnion', '20Minuten': 'rougeLUnion', Py150: 'editSimilarity' };
    const names = [...Object.keys(metrics), 'NumGLUE-cm', 'NumGLUE-ds', 'FOMC', 'C-STANCE'];
    for (const name of names) write(name, {}, 'A');
    const { tasks } = await load({ tasks: names });
    expect(tasks.map(({ name, test }) => [name, test?.metric]).filter(([, metric]) => metric)).toEqual(
      Object.entries(metrics),
    );
  });

  it('keeps no sample for validation whose prompt is in train.json or test.json, and says how many there are', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map((question) => math(question, '1'));
    write('NumGLUE-cm', { train: [one], eval: [one, two, three], test: [two] });
    write('NumGLUE-ds', { train: [one], eval: [one], test: [two] });
    const { tasks, notices } = await load({ tasks: ['NumGLUE-cm', 'NumGLUE-ds'], maxValidation: 2 });
    expect(tasks[0].validation).toMatchObject([{ prompt: three.prompt }]);
    expect(tasks[1].validation).toBeUndefined();
    expect(notices).toEqual([
      'NumGLUE-cm: 2 of 3 records of eval are in train or test as well; 1 is left for validation',
      'NumGLUE-ds: 1 of 1 records of eval is in train as well; none is left for validation',
      'maxValidation asks for 2: NumGLUE-cm has 1',
    ]);
  });

  it('takes the first samples only where a maximum is set, and demonstrations of all', async () => {
    const samples = (part: string) => [1, 2, 3].map((n) => math(`${part} ${n}`, `${n}`));
    write('NumGLUE-cm', { train: samples('a'), eval: samples('b'), test: samples('c') });
    const { tasks } = await load({ tasks: ['NumGLUE-cm'], maxTrain: 1, maxTest: 2, maxValidation: 2 });
    const sizes = [tasks[0].train, tasks[0].test?.items, tasks[0].validation, tasks[0].test?.demonstrations];
    expect(sizes.map((list) => list?.length)).toEqual([1, 2, 2, 3]);
  });

  it("has the paper's six tasks and epochs, or one number, or one by task", async () => {
    const six = ['C-STANCE', 'FOMC', 'MeetingBank', 'Py150', 'ScienceQA', 'NumGLUE-cm'];
    for (const name of six) write(name, name === 'ScienceQA' ? { train: [poem], eval: [poem], test: [poem] } : {}, 'A');
    const epochs = async (given: object) => (await load(given)).tasks.map((task) => [task.name, task.epochs]);
    const paper = [5, 3, 7, 5, 3, 5];
    expect(await epochs({})).toEqual(six.map((name, i) => [name, paper[i]]));
    expect(await epochs({ tasks: ['Py150', 'FOMC'], epochs: 2 })).toEqual([
      ['Py150', 2],
      ['FOMC', 2],
    ]);
    expect(await epochs({ tasks: ['Py150', 'FOMC'], epochs: { FOMC: 1 } })).toEqual([
      ['Py150', 5],
      ['FOMC', 1],
    ]);
  });

  it('evaluates the held-out sets that it is given', async () => {
    write('Py150', {});
    const question = { id: '1', question: 'Is ice cold?', choices: ['no', 'yes'], answer: 1 };
    for (const file of ['arc_challenge.jsonl', 'arc_challenge.fewshot.jsonl']) {
      writeFileSync(join(folder, file), JSON.stringify(question));
    }
    const { heldOut, files } = await load({ tasks: ['Py150'], heldOut: { root: '.', sets: ['arc_challenge'] } });
    expect(heldOut).toMatchObject([{ name: 'arc_challenge', items: [{ answer: ' yes' }] }]);
    expect(files).toHaveLength(5);
  });
});

describe('what the trace benchmark refuses', () => {
  it('a sample without its keys, an answer that is no choice, and a list without choices, by file and item', async () => {
    write('FOMC', { test: [{ prompt: 'x', answer: 'A' }, { prompt: 'y' } as Sample] }, 'A');
    await expect(load({ tasks: ['FOMC'] })).rejects.toThrow(/DATA_LINE.*FOMC\/test\.json, item 2.*answer/);
    write('FOMC', { train: [{ prompt: 'x', answer: 'D' }] }, 'A');
    await expect(load({ tasks: ['FOMC'] })).rejects.toThrow(/DATA_LINE.*train\.json, item 1.*one of A, B, C.*got "D"/);
    write('ScienceQA', { train: [poem], test: [{ prompt: 'No list.\n\nAnswer:', answer: 'A' }] });
    await expect(load({ tasks: ['ScienceQA'] })).rejects.toThrow(/DATA_LINE.*test\.json, item 1.*there are none/);
  });

  it('a file that is not there, or is no list', async () => {
    await expect(load({ tasks: ['Py150'] })).rejects.toThrow(
      /DATA_FILE.*\/trace: .*expected 3 files, got none of Py150\/{train,eval,test}\.json\. They come from https:\/\/github\.com\/zjwang21\/TRACE; docs\/data\.md tells how to get them\.$/,
    );
    write('Py150', {});
    rmSync(join(folder, 'trace', 'Py150', 'eval.json'));
    await expect(load({ tasks: ['Py150'] })).rejects.toThrow(
      /DATA_FILE.*\/Py150\/eval\.json: .*got none\. They come from/,
    );
    writeFileSync(join(folder, 'trace', 'Py150', 'eval.json'), '{}');
    await expect(load({ tasks: ['Py150'] })).rejects.toThrow(/DATA_LINE.*eval\.json.*a JSON list/);
  });

  it('a task that is not there or is there twice, and epochs of no task', () => {
    const issue = (given: object) => options.safeParse({ root: 'x', ...given }).error?.issues[0];
    expect(issue({ tasks: ['FOMCC'] })).toMatchObject({ path: ['tasks', 0] });
    expect(issue({ tasks: ['FOMC', 'FOMC'] })).toMatchObject({ path: ['tasks'] });
    expect(issue({ epochs: { FOMCC: 2 } })).toMatchObject({ path: ['epochs', 'FOMCC'] });
  });
});

describe.skipIf(noData)(titled("TRACE's own files"), () => {
  it('are read whole: six tasks, their choices, and validation samples apart from the others', async () => {
    const root = realData('trace', 'LLM-CL-Benchmark_500');
    const { tasks, notices } = await load({ root, heldOut: { root: realData('held-out') } });
    expect(notices).toEqual([
      'FOMC: 16 of 100 records of eval are in test as well; 84 are left for validation',
      'Py150: 2 of 100 records of eval are in train as well; 98 are left for validation',
    ]);
    expect(tasks.map(({ train, validation }) => [train.length, validation?.length])).toEqual([
      [500, 100],
      [500, 84],
      [376, 100],
      [500, 98],
      [500, 100],
      [500, 41],
    ]);
    expect(tasks.map(({ test }) => test?.items.length)).toEqual([100, 100, 100, 100, 100, 81]);
    expect(tasks[0].test?.items[0].prompt).toMatch(/^判断以下文本对指定对象的态度.*态度：$/s);
    const letters = new Set(tasks[4].test?.items.map(({ choices }) => choices?.join('')));
    expect([...letters].sort()).toEqual([' A B', ' A B C', ' A B C D']);
    for (const { name, train } of tasks) {
      const odd = train.filter((one) => !(name === 'C-STANCE' ? /^\S/ : /^ \S/).test((one as TextExample).answer));
      expect(odd, name).toEqual([]);
    }
  });
});
