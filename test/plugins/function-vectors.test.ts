import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Pair, seededRandom } from '../../core/index.js';
import { FunctionVectorsBenchmark } from '../../plugins/function-vectors/benchmark.js';
import { options } from '../../plugins/function-vectors/plugin.js';
import { noData, realData, titled } from '../real-data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'function-vectors-'));
  writeFileSync(join(folder, 'upper.json'), JSON.stringify(pairs));
});
afterEach(() => rmSync(folder, { recursive: true }));

const pairs = Array.from('abcdefghij', (letter) => ({ input: letter, output: letter.toUpperCase() }));
const load = (given: unknown, seed = 1) =>
  new FunctionVectorsBenchmark(options.parse(given), folder, seededRandom(seed)).load();
const task = { name: 'upper', file: 'upper.json' };

it('writes a question and an answer by the template of Todd et al.', async () => {
  const { tasks, answerEnd } = await load({ tasks: [{ ...task, instruction: 'Capitalize.' }], shuffle: false });
  expect(tasks[0].train[0]).toEqual({ prompt: 'Capitalize.\nQ: a\nA:', answer: ' A' });
  expect(answerEnd).toBe('eos');
});

it('trains on the first 70 % and scores the others, without a common item', async () => {
  const { tasks, files } = await load({ tasks: [task] });
  const items = [...tasks[0].train, ...(tasks[0].test?.items ?? [])].map((item) => 'answer' in item && item.answer);
  expect(tasks[0].train).toHaveLength(7);
  expect(tasks[0].test?.demonstrations).toEqual(tasks[0].train);
  expect(items.toSorted()).toEqual(pairs.map(({ output }) => ` ${output}`));
  expect(files).toMatchObject([{ path: join(folder, 'upper.json'), items: 10 }]);
});

it("shuffles by the run's seed, alike for alike seeds", async () => {
  const [one, again, other] = [
    await load({ tasks: [task] }),
    await load({ tasks: [task] }),
    await load({ tasks: [task] }, 2),
  ];
  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
});

it('takes as many items as asked for, and sets demonstrations of held-out sets apart', async () => {
  const { tasks, heldOut } = await load({
    tasks: [{ ...task, train: 2, test: 3 }],
    heldOut: [{ name: 'held', file: 'upper.json', shots: 4 }],
    shuffle: false,
  });
  expect(tasks[0].test?.items.map((item) => item.answer)).toEqual([' C', ' D', ' E']);
  expect(heldOut[0].demonstrations).toHaveLength(4);
  expect(heldOut[0].items.map((item) => item.answer)).toEqual([' E', ' F', ' G', ' H', ' I', ' J']);
});

it('keeps items after the scored ones for validation, without the instruction unless it is asked for', async () => {
  const asked = { ...task, instruction: 'Capitalize.', train: 2, validation: 3 };
  const { tasks } = await load({ tasks: [{ ...asked, test: 4 }], shuffle: false });
  expect(tasks[0].test?.items.map((item) => item.answer)).toEqual([' C', ' D', ' E', ' F']);
  expect(tasks[0].validation?.map((item) => item.answer)).toEqual([' G', ' H', ' I']);
  expect(tasks[0].validation?.[0].prompt).toBe('Q: g\nA:');
  const [all] = (await load({ tasks: [{ ...asked, validationInstruction: true }], shuffle: false })).tasks;
  expect(all.test?.items.map((item) => item.answer)).toEqual([' C', ' D', ' E', ' F', ' G']);
  expect(all.validation?.[0].prompt).toBe('Capitalize.\nQ: h\nA:');
  expect((await load({ tasks: [task] })).tasks[0].validation).toBeUndefined();
});

it('draws the same order whether or not items are kept for validation', async () => {
  const [plain, kept] = [await load({ tasks: [task] }), await load({ tasks: [{ ...task, validation: 1 }] })];
  expect(kept.tasks[0].train).toEqual(plain.tasks[0].train);
  expect(kept.tasks[0].validation).toEqual(plain.tasks[0].test?.items.slice(-1));
});

it('derives tasks from a list: each output through another file, its first letter in upper case', async () => {
  const spanish = [
    { input: 'B', output: 'be' },
    { input: 'E', output: 'élan' },
    { input: 'B', output: 'second' },
    { input: 'z', output: 'never' },
  ];
  writeFileSync(join(folder, 'spanish.json'), JSON.stringify(spanish));
  const derived = { ...task, through: 'spanish.json', train: 1 };
  const { tasks, files } = await load({ tasks: [{ ...derived, capitalize: true }], shuffle: false });
  expect(tasks[0].train).toEqual([{ prompt: 'Q: b\nA:', answer: ' Be' }]);
  expect(tasks[0].test?.items).toEqual([{ prompt: 'Q: e\nA:', answer: ' Élan' }]);
  expect(files.map(({ path, items }) => [path, items])).toEqual([
    [join(folder, 'upper.json'), 10],
    [join(folder, 'spanish.json'), 4],
  ]);
  await expect(load({ tasks: [{ ...derived, train: 2 }] })).rejects.toThrow(
    /DATA_EMPTY.*upper\.json through spanish\.json.*at least 3 items.*got 2/,
  );
});

it('refuses files that are not there, all in one line', async () => {
  const tasks = [{ ...task, through: 'none.json' }];
  await expect(load({ tasks, heldOut: [{ name: 'held', file: 'nor.json' }] })).rejects.toThrow(
    /DATA_FILE.*\/none\.json: .*expected 2 files, got none of \S*\/{none,nor}\.json\. They come from \S+function_vectors, where they are not your own/,
  );
});

it('refuses more items than there are, other JSON, and a wrong item by its number', async () => {
  await expect(load({ tasks: [{ ...task, train: 9, test: 2 }] })).rejects.toThrow(
    /DATA_EMPTY.*at least 11 items.*got 10/,
  );
  writeFileSync(join(folder, 'upper.json'), '[{"input": "a", "output": "A"}, {"input": "b"}]');
  await expect(load({ tasks: [task] })).rejects.toThrow(/DATA_LINE.*upper\.json, item 2.*output/);
  writeFileSync(join(folder, 'upper.json'), '{"input": "a"}');
  await expect(load({ tasks: [task] })).rejects.toThrow(/DATA_LINE.*a JSON list/);
  writeFileSync(join(folder, 'upper.json'), '[\n{"input": "a",\n"output" "b"}]');
  await expect(load({ tasks: [task] })).rejects.toThrow(/DATA_LINE.*upper\.json:3.*JSON/);
});

it.skipIf(noData)(titled('derives from the published lists what others derived from them'), async () => {
  const answersOf = async (derived: object) => {
    const { train, test } = (await load({ tasks: [{ name: 'derived', train: 1, ...derived }], shuffle: false }))
      .tasks[0];
    return [...train, ...(test?.items ?? [])].map((item) => 'answer' in item && item.answer);
  };
  const expected = (name: string): string[] =>
    JSON.parse(readFileSync(realData('func-derived', name), 'utf8')).map(({ output }: Pair) => ` ${output}`);
  const list = (...path: string[]) => realData('function-vectors', ...path);
  const spanish = await answersOf({
    file: list('extractive', 'choose_last_of_5.json'),
    through: list('abstractive', 'english-spanish.json'),
  });
  expect(spanish).toEqual(expected('choose_last_of_5_spanish.json').slice(0, 358));
  const capital = await answersOf({ file: list('extractive', 'alphabetically_last_5.json'), capitalize: true });
  expect(capital).toEqual(expected('alphabetically_last_5_capital.json'));
});
