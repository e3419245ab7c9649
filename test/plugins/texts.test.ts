import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type BenchmarkData,
  DataReader,
  encodeExample,
  evaluatedOptions,
  evaluatedSets,
  seededRandom,
  type TextExample,
} from '../../core/index.js';
import { FuncBenchmark } from '../../plugins/func/benchmark.js';
import { options as funcOptions } from '../../plugins/func/plugin.js';
import { LongBenchmark } from '../../plugins/long/benchmark.js';
import { options as longOptions } from '../../plugins/long/plugin.js';
import { TraceBenchmark } from '../../plugins/trace/benchmark.js';
import { options as traceOptions } from '../../plugins/trace/plugin.js';
import { byteTokenizer } from '../text/byte-tokenizer.js';

const folder = fileURLToPath(new URL('fixtures/texts', import.meta.url));
const json = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
const settings = { maxInputTokens: 1e4, maxOutputTokens: 1e4, overflow: 'refuse', answerEnd: 'eos' } as const;

/** Everything that a task trains on, scores or measures by. */
function examplesOf({ tasks, heldOut }: BenchmarkData): TextExample[] {
  const sets = [...tasks.map(({ test }) => test), ...heldOut].filter((set) => set !== undefined);
  return [
    ...tasks.flatMap(({ train, validation = [] }) => [...(train as readonly TextExample[]), ...validation]),
    ...sets.flatMap(({ items, demonstrations }) => [...items, ...demonstrations]),
  ];
}

/** What comes of an example that is encoded, then decoded. */
function throughTokens(example: TextExample): string {
  const tokenizer = byteTokenizer();
  const { tokens } = encodeExample(example, tokenizer, settings);
  expect(tokens.slice(0, -1)).toEqual([...new TextEncoder().encode(example.prompt + example.answer)]);
  return tokenizer.decode(tokens, { skipSpecial: true });
}

const trace = () =>
  new TraceBenchmark(
    traceOptions.parse({ root: 'trace', tasks: ['C-STANCE', '20Minuten'] }),
    folder,
    seededRandom(1),
  ).load();
const long = () =>
  new LongBenchmark(longOptions.parse({ root: 'o-lora', tasks: ['yelp'] }), folder, seededRandom(1)).load();
const pairs = [{ name: 'umlaute', file: 'func/umlaute.json', shots: 1 }];
const func = () =>
  new FuncBenchmark(
    funcOptions.parse({
      root: 'func',
      tasks: ['Last-Spanish'],
      heldOut: { root: 'held-out', sets: ['arc_challenge'], pairs },
    }),
    folder,
    seededRandom(1),
  ).load();

describe('text that is not English', () => {
  it('stands in a sample of TRACE as it stands in the file, escaped there or not', async () => {
    const { tasks } = await trace();
    for (const { name, train, test, validation } of tasks) {
      for (const [part, samples] of Object.entries({ train, test: test?.items, eval: validation })) {
        const written = json(`trace/${name}/${part}.json`) as TextExample[];
        expect(samples?.map((sample) => (sample as TextExample).prompt)).toEqual(written.map(({ prompt }) => prompt));
        const gap = name === 'C-STANCE' ? '' : ' ';
        expect(samples?.map((sample) => (sample as TextExample).answer)).toEqual(
          written.map(({ answer }) => gap + answer),
        );
      }
    }
    expect(tasks[0].train).toMatchObject([{ prompt: expect.stringMatching(/态度：$/), answer: 'A' }, { answer: 'B' }]);
    expect(tasks[1].test?.items[0].prompt).toContain('Mu\u0308he lohnt sich: 5\u00a0€');
  });

  it('stands in prompts and labels of O-LoRA as in its files', async () => {
    const [{ train, validation, test }] = (await long()).tasks;
    const choices = [' very negative', ' négatif', ' 很好', ' schön'];
    const [meal, cheese] = train as TextExample[];
    expect(meal).toMatchObject({ answer: ' 很好', choices });
    expect(meal.prompt).toMatch(/\nOption: very negative, négatif, 很好, schön \n餐厅很安静，菜也好吃。\nAnswer:$/);
    expect(cheese.prompt).toContain('\nDer Käse: “gut”.\\nMehr nicht. \nAnswer:');
    expect(validation?.[0].prompt).toContain('Trop salé, œufs froids…');
    expect(test?.items[0].prompt).toContain('Nie wieder — ﬁnster und laut.');
  });

  it('stands in pairs and held-out questions as in their files', async () => {
    const data = await func();
    const outputs = json('func/choose_last_of_5_spanish.json').map(({ output }: { output: string }) => ` ${output}`);
    const [{ train, test }] = data.tasks;
    expect([...train, ...(test?.items ?? [])].map((one) => (one as TextExample).answer).sort()).toEqual(outputs.sort());
    const [arc, umlaute] = data.heldOut;
    expect(arc.items).toMatchObject([
      { prompt: 'Question: Was gefriert bei 0\u00a0°C – Öl oder Wasser?\nAnswer:', choices: [' Öl', ' Wasser'] },
      { prompt: 'Question: 哪一个是热的？\nAnswer:', answer: ' 火' },
    ]);
    expect(arc.demonstrations[0]).toMatchObject({
      prompt: 'Question: Où est née l’idée ?\nAnswer:',
      answer: ' à Genève',
    });
    expect(umlaute.items).toHaveLength(2);
  });

  it.each([
    ['trace', trace, 6],
    ['long', long, 6],
    ['func', func, 12],
  ] as const)('is the same behind the tokens of %s', async (_, load, least) => {
    const examples = examplesOf(await load());
    expect(examples.length).toBeGreaterThanOrEqual(least);
    for (const example of examples) expect(throughTokens(example)).toBe(example.prompt + example.answer);
  });

  it('is read from a file that begins with a byte order mark', async () => {
    const reader = new DataReader(folder);
    const options = evaluatedOptions.parse({ pairs: [{ name: 'marked', file: 'func/marked.json', shots: 1 }] });
    const [{ items, demonstrations }] = await evaluatedSets(reader, options, seededRandom(1));
    expect([...demonstrations, ...items].map(({ answer }) => answer).sort()).toEqual([' ¡sí!', ' ¿qué?']);
  });
});
