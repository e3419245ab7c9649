import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shareChoices } from '../../core/evaluation/macro-f1.js';
import { metricsOf } from '../../core/evaluation/metrics.js';
import { scoreMetric } from '../../core/evaluation/score-matrix.js';
import type { BenchmarkData } from '../../core/index.js';
import { seededRandom } from '../../core/training/random.js';
import { LongBenchmark } from '../../plugins/long/benchmark.js';
import { options } from '../../plugins/long/plugin.js';
import { orders } from '../../plugins/long/tasks.js';
import { noData, realData, titled } from '../real-data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'long-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const load = (given: object) =>
  new LongBenchmark(options.parse({ root: 'o-lora', ...given }), folder, seededRandom(1)).load();

type Part = 'train' | 'dev' | 'test' | 'labels';

function writeFile(value: unknown, ...path: string[]): void {
  const file = join(folder, 'o-lora', ...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value));
}

/** Writes a task's four files; a part that is not given has one record of its own. */
function write(task: string, parts: Partial<Record<Part, unknown[]>> = {}): void {
  const { labels = ['Good', 'Bad'], ...records } = parts;
  writeFile(labels, 'CL_Benchmark', task, 'labels.json');
  for (const part of ['train', 'dev', 'test'] as const) {
    writeFile(records[part] ?? [{ label: labels[0], sentence: part }], 'CL_Benchmark', task, `${part}.json`);
  }
}

const good = { sentence: 'Text: fine film . ', label: 'Good' };
const bad = { label: 'Bad', sentence: 'Text: never again\n' };

describe('the long benchmark', () => {
  it("writes prompts by O-LoRA's template, with the labels as choices", async () => {
    write('SC/SST-2', { train: [good], test: [bad] });
    const { tasks, files, answerEnd } = await load({ tasks: ['SST-2'] });
    const before =
      'Task:SC\nDataset:SST-2\nWhat is the sentiment of the following paragraph? Choose one from the option.\nOption: Good, Bad \n';
    const choices = [' Good', ' Bad'];
    const first = { prompt: `${before}Text: fine film . \nAnswer:`, answer: ' Good', choices };
    expect(tasks).toMatchObject([
      {
        name: 'SST-2',
        epochs: 1,
        train: [first],
        validation: [{ answer: ' Good' }],
        test: {
          name: 'SST-2',
          items: [{ prompt: `${before}Text: never again\n\nAnswer:`, answer: ' Bad', choices }],
          demonstrations: [first],
        },
      },
    ]);
    expect(tasks[0].train[0].where).toMatch(/SC.SST-2.train\.json, item 1$/);
    expect(files.map(({ items }) => items)).toEqual([2, 1, 1, 1]);
    expect(answerEnd).toBe('eos');
  });

  it('is scored by the right choice, with the mean F1 of its labels beside it', async () => {
    write('SC/SST-2', { test: [good, good, bad] });
    const [{ name, test }] = (await load({ tasks: ['SST-2'] })).tasks;
    const scored = { logLikelihoods: [-1, -2], tokenCounts: [1, 1], best: 0, bestPerToken: 0, bestPerByte: 0 };
    const common = { set: name, shots: 0, firstTokenCorrect: true, firstTokenLogProbability: -1, scored };
    const metrics = metricsOf((test?.items ?? []).map((one, item) => ({ ...common, ...one, item })));
    // "Good" is given to all three: F1 of Good is 2 x 2 / (2 + 3), of Bad 0.
    expect([metrics.choiceAccuracySum, metrics.macroF1]).toEqual([2 / 3, (4 / 5 + 0) / 2]);
    expect(scoreMetric({ metric: test?.metric, metrics })).toBe('choiceAccuracySum');
  });

  it('gives COPA no instruction and no options: its sentences have them', async () => {
    const sentence = 'Which sentence is the cause? Choose one between A and B.\nA: It rained.\nB: It snowed.';
    write('COPA/COPA', { labels: ['A', 'B'], test: [{ label: 'B', sentence }] });
    const [{ test }] = (await load({ tasks: ['COPA'] })).tasks;
    expect(test?.items).toMatchObject([
      { prompt: `Task:COPA\nDataset:COPA\n${sentence}\nAnswer:`, answer: ' B', choices: [' A', ' B'] },
    ]);
  });

  it('takes instructions from configs/instruction_config.json where it is there', async () => {
    write('SC/yelp');
    write('TC/agnews');
    const other = { instruction_type: 'few-shot', instruction: 'With examples.\n' };
    const config = { SC: [other, { instruction_type: 'zero-shot', instruction: 'Good or bad?\n' }] };
    writeFile(config, 'configs', 'instruction_config.json');
    const { tasks, files } = await load({ tasks: ['yelp', 'agnews'] });
    expect(tasks[0].test?.items[0].prompt).toBe(
      'Task:SC\nDataset:yelp\nGood or bad?\nOption: Good, Bad \ntest\nAnswer:',
    );
    expect(tasks[1].test?.items[0].prompt).toMatch(/^Task:TC\nDataset:agnews\nWhat is the topic of/);
    expect(files[0].path).toBe(join(folder, 'o-lora', 'configs', 'instruction_config.json'));
    writeFile({ SC: 'Good or bad?' }, 'configs', 'instruction_config.json');
    await expect(load({ tasks: ['yelp'] })).rejects.toThrow(/DATA_LINE.*instruction_config\.json.*SC/);
  });

  it("has the paper's fifteen tasks, O-LoRA's orders, or tasks of one's own", async () => {
    for (const path of ['TC/dbpedia', 'SC/amazon', 'TC/yahoo', 'TC/agnews']) write(path);
    const names = async (given: object) => (await load(given)).tasks.map(({ name }) => name);
    expect(await names({ order: 'order2' })).toEqual(['dbpedia', 'amazon', 'agnews', 'yahoo']);
    expect(await names({ order: 'order1', tasks: ['yahoo', 'amazon'] })).toEqual(['yahoo', 'amazon']);
    expect(options.parse({ root: 'x' }).order).toBe('long');
    expect(orders.long.join(' ')).toBe(
      'yelp amazon MNLI CB COPA QQP RTE IMDB SST-2 dbpedia agnews yahoo MultiRC BoolQA WiC',
    );
  });

  it('has no validation samples where dev.json is test.json, however few are scored, and says so', async () => {
    write('SC/IMDB', { dev: [good, bad], test: [good, bad] });
    const { tasks, notices } = await load({ tasks: ['IMDB'], maxTest: 1, maxValidation: 5 });
    expect(tasks[0].validation).toBeUndefined();
    expect(notices).toEqual(['IMDB: all 2 records of dev are in test as well; none is left for validation']);
  });

  it('says where a task has fewer samples than a maximum asks for', async () => {
    write('SC/IMDB', { train: [good, bad] });
    write('SC/yelp', { test: [good, bad] });
    const { notices } = await load({ tasks: ['IMDB', 'yelp'], maxTrain: 2, maxTest: 3, maxValidation: 1 });
    expect(notices).toEqual(['maxTest asks for 3: IMDB has 1, yelp has 2', 'maxTrain asks for 2: yelp has 1']);
  });

  it('takes the first samples only where a maximum is set, and demonstrations of all', async () => {
    const records = (part: string) => [1, 2, 3].map((n) => ({ label: 'Good', sentence: `${part} ${n}` }));
    write('SC/yelp', { train: records('a'), dev: records('b'), test: records('c') });
    const given = { tasks: ['yelp'], maxTrain: 1, maxTest: 2, maxValidation: 2, epochs: 3 };
    const [{ train, test, validation, epochs }] = (await load(given)).tasks;
    const sizes = [train, test?.items, validation, test?.demonstrations].map((list) => list?.length);
    expect([...sizes, epochs]).toEqual([1, 2, 2, 3, 3]);
  });

  it('evaluates the held-out sets that it is given', async () => {
    write('SC/yelp');
    const question = { id: '1', question: 'Is ice cold?', choices: ['no', 'yes'], answer: 1 };
    for (const file of ['mmlu_social.jsonl', 'mmlu_social.fewshot.jsonl']) {
      writeFileSync(join(folder, file), JSON.stringify(question));
    }
    const { heldOut } = await load({ tasks: ['yelp'], heldOut: { root: folder, sets: ['mmlu_social'] } });
    expect(heldOut).toMatchObject([{ name: 'mmlu_social', items: [{ answer: ' B' }] }]);
  });
});

describe('what the long benchmark refuses', () => {
  it('a label that labels.json does not have, by file and record', async () => {
    write('NLI/MNLI', {
      labels: ['neutral'],
      test: [
        { label: 'neutral', sentence: 'a' },
        { label: '-', sentence: 'b' },
      ],
    });
    await expect(load({ tasks: ['MNLI'] })).rejects.toThrow(
      /DATA_LINE.*NLI\/MNLI\/test\.json, item 2.*labels\.json \(neutral\), got "-"/,
    );
  });

  it('a record without its keys, labels that are no texts, and a file that is not there', async () => {
    write('SC/yelp', { dev: [{ label: 'Good' }] });
    await expect(load({ tasks: ['yelp'] })).rejects.toThrow(/DATA_LINE.*dev\.json, item 1.*sentence/);
    write('SC/yelp', { labels: ['Good', 2] });
    await expect(load({ tasks: ['yelp'] })).rejects.toThrow(/DATA_LINE.*labels\.json, item 2/);
    await expect(load({ tasks: ['yelp', 'IMDB'] })).rejects.toThrow(
      /DATA_FILE.*\/o-lora: .*expected 4 files, got none of CL_Benchmark\/SC\/IMDB\/{labels,train,dev,test}\.json\. They come from https:\/\/github\.com\/cmnfriend\/O-LoRA; docs\/data\.md tells how to get them\.$/,
    );
  });

  it('a task that is not there or is there twice', () => {
    const issue = (given: object) => options.safeParse({ root: 'x', ...given }).error?.issues[0];
    expect(issue({ tasks: ['Yelp'] })).toMatchObject({ path: ['tasks', 0] });
    expect(issue({ tasks: ['yelp', 'yelp'] })).toMatchObject({ path: ['tasks'] });
  });
});

describe.skipIf(noData)(titled("O-LoRA's own files"), () => {
  it('are read whole: fifteen tasks, validation for all but CB and COPA, the instructions built in', async () => {
    const root = realData('o-lora');
    const data = await load({ root, heldOut: { root: realData('held-out') } });
    const { tasks, files, heldOut } = data;
    expect(tasks.map(({ name }) => name)).toEqual(orders.long);
    const without = tasks.filter(({ validation }) => !validation).map(({ name }) => name);
    expect(without).toEqual(['CB', 'COPA']);
    expect(data.notices).toEqual([
      'CB: all 56 records of dev are in test as well; none is left for validation',
      'COPA: all 100 records of dev are in test as well; none is left for validation',
    ]);
    expect(tasks.map(({ train }) => train.length)).toEqual(
      tasks.map(({ name }) => ({ CB: 250, COPA: 400, MultiRC: 999 })[name] ?? 1000),
    );
    expect(tasks.filter(({ test }) => !shareChoices(test?.items ?? [])).map(({ name }) => name)).toEqual([]);
    expect(files).toHaveLength(1 + 15 * 4 + 4 * 2);
    expect(heldOut).toHaveLength(4);
    symlinkSync(join(root, 'CL_Benchmark'), join(folder, 'CL_Benchmark'));
    const builtIn = await load({ root: folder });
    const first = ({ tasks }: BenchmarkData) => tasks.map(({ test }) => test?.items[0].prompt);
    expect(first(builtIn)).toEqual(first(data));
  });
});
