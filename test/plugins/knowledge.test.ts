import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import type { EvaluationSet, Observer, ScoreRecord } from '../../core/index.js';
import { type RunRequest, runConfig } from '../../core/run/run.js';
import { describePlugin } from '../../core/testing/index.js';
import { KnowledgeObserver } from '../../plugins/knowledge/observer.js';
import knowledge, { knowledgeOptions } from '../../plugins/knowledge/plugin.js';
import { writeToyModel } from '../cli/toy-model.js';
import { scratchFolder, writeText } from '../config/write-config.js';

describePlugin(knowledge);

const folder = scratchFolder();
const read = (...names: string[]) => readFileSync(path.join(folder, ...names), 'utf8');

const asked: EvaluationSet = {
  name: 'quiz',
  demonstrations: [],
  items: [
    {
      prompt: 'ice is\nA. warm\nB. cold\nAnswer:',
      answer: ' B',
      choices: [' A', ' B'],
      knowledge: { prompt: 'ice is', choices: [' warm', ' cold'] },
    },
  ],
};
const plain: EvaluationSet = { ...asked, name: 'plain', items: [{ prompt: 'x', answer: ' y' }] };

/** The observer, and what it warned of. */
function observer(options: object = {}): { own: KnowledgeObserver; warnings: string[] } {
  const warnings: string[] = [];
  const logger = { info: () => {}, warn: (text: string) => void warnings.push(text) };
  return { own: new KnowledgeObserver(knowledgeOptions.parse(options), logger), warnings };
}

describe('knowledge', () => {
  it('asks for the bare questions behind items, their answers as plain text', () => {
    const { own, warnings } = observer();
    expect(own.probes([asked, plain])).toEqual([
      {
        name: 'quiz.knowledge',
        demonstrations: [],
        items: [{ prompt: 'ice is', choices: [' warm', ' cold'], answer: ' cold' }],
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('says so where no set has any', () => {
    const { own, warnings } = observer();
    own.probes([plain]);
    expect(warnings).toEqual([expect.stringContaining('no scored set')]);
  });

  it('leaves out a set of which only some items have one, since its curves would be of other items', () => {
    const { own, warnings } = observer();
    expect(own.probes([{ ...asked, items: [...asked.items, ...plain.items] }])).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('only some items of "quiz"')]);
  });

  it('puts the three accuracies of every row side by side, in-context with the most demonstrations', async () => {
    const { own } = observer({ pictures: false });
    own.probes([asked]);
    own.runStarted({ tasks: ['one', 'two'] });
    const record = (row: number, set: string, shots: number, accuracy: number): ScoreRecord => {
      return { row, set, shots, metrics: { choiceAccuracySum: accuracy }, items: 1, seconds: 0 };
    };
    for (const [row, shots, accuracy] of [
      [0, 0, 0.5],
      [0, 2, 0.6],
      [0, 5, 0.75],
      [2, 0, 0.1],
      [2, 5, 0.2],
    ]) {
      own.scored(record(row, 'quiz', shots, accuracy));
    }
    own.scored(record(0, 'other', 0, 1));
    own.probed(record(0, 'quiz.knowledge', 0, 0.8));
    await own.runDone({ directory: folder });
    expect(JSON.parse(read('knowledge.json'))).toEqual({
      rows: ['Init', 'two'],
      sets: { quiz: { knowledge: [0.8, null], instruction: [0.5, 0.1], inContext: [0.75, 0.2] } },
    });
    expect(existsSync(path.join(folder, 'knowledge-quiz.svg'))).toBe(false);
  });
});

describe('a run with knowledge', () => {
  const run = (out: string, ...set: string[]) => start(out, { set });

  async function start(
    out: string,
    { set = [], observers = [], resume = false }: Partial<RunRequest> & { set?: string[] },
  ) {
    const loaded = loadConfig(path.join(folder, 'run.yaml'), { set });
    const logger = { info: () => {}, warn: () => {} };
    await runConfig({ loaded, folder: path.join(folder, out), observers, resume, logger });
  }

  beforeAll(async () => {
    await writeToyModel(path.join(folder, 'toy'));
    const lines = [...'bcde'].map((letter) =>
      JSON.stringify({
        prompt: `${letter}.${letter}:`,
        answer: ' a',
        choices: [' a', letter],
        knowledge: { prompt: letter, choices: ['a', 'z'] },
      }),
    );
    writeText(folder, 'a.jsonl', lines.join('\n'));
    writeText(
      folder,
      'run.yaml',
      `
backbone: { use: llama, model: ./toy }
adapter: { use: inc-lora, rank: 2, alpha: 4 }
observers: [{ use: knowledge }]
benchmark:
  use: jsonl
  tasks: [{ name: one, train: a.jsonl, test: a.jsonl }, { name: two, train: a.jsonl }]
training: { batchSize: 2, maxOutputTokens: 3, learningRate: 0.01 }
evaluation: { shots: [0, 2] }
`,
    );
  });

  it('has the curves of every row, and pictures; its tables are those of a run without', async () => {
    await run('with');
    await run('without', 'observers=[]');
    const { rows, sets } = JSON.parse(read('with', 'knowledge.json'));
    expect(rows).toEqual(['Init', 'one', 'two']);
    const { tables } = JSON.parse(read('with', 'scores.json'));
    const column = (shots: number) => {
      const found = tables.find(
        (one: { shots: number; metric: string }) => one.shots === shots && one.metric === 'choiceAccuracySum',
      );
      return found.values.map(([accuracy]: number[]) => accuracy);
    };
    expect(sets.one.instruction).toEqual(column(0));
    expect(sets.one.inContext).toEqual(column(2));
    expect(sets.one.knowledge).toHaveLength(3);
    for (const accuracy of sets.one.knowledge) expect([0, 0.25, 0.5, 0.75, 1]).toContain(accuracy);
    expect(read('with', 'knowledge-one.svg')).toMatch(/^<svg/);
    const scoresOf = (out: string) => JSON.parse(read(out, 'scores.json')).tables;
    expect(scoresOf('with')).toEqual(scoresOf('without'));
    expect(read('with', 'predictions', '0-one.knowledge-0-shot.jsonl').split('\n')).toHaveLength(5);
  });

  it('goes on after an interruption with what was measured before', async () => {
    const until = (row: number): Observer => ({
      scored: (record) => {
        if (record.row === row) throw new Error('killed');
      },
    });
    for (const row of [1, 2]) {
      await expect(start('killed', { observers: [until(row)], resume: row > 1 })).rejects.toThrow('killed');
    }
    await start('killed', { resume: true });
    await run('whole');
    for (const name of ['knowledge.json', 'knowledge-one.svg']) expect(read('killed', name)).toBe(read('whole', name));
  });

  it('adds nothing to the counts of what was cut', async () => {
    const cut = ['training.maxInputTokens=2', 'evaluation.after=end'];
    await run('cut', ...cut);
    await run('cut-without', ...cut, 'observers=[]');
    const truncated = (out: string) => JSON.parse(read(out, 'summary.json')).truncated;
    expect(truncated('cut').evaluation.prompts).toBeGreaterThan(0);
    expect(truncated('cut')).toEqual(truncated('cut-without'));
  });

  it('checks the lengths of bare questions before anything is written', async () => {
    const knowledge = { prompt: 'b'.repeat(20), choices: ['a', 'z'] };
    writeText(folder, 'long.jsonl', JSON.stringify({ prompt: 'b:', answer: ' a', choices: [' a', 'b'], knowledge }));
    const given = ['benchmark.tasks.0.test=long.jsonl', 'training.overflow=refuse', 'training.maxInputTokens=12'];
    await expect(run('long', ...given)).rejects.toThrow(/DATA_TOO_LONG/);
    expect(existsSync(path.join(folder, 'long'))).toBe(false);
  });

  it('is refused where a set is called as the bare questions of another', async () => {
    const tasks =
      'benchmark.tasks=[{ name: one, train: a.jsonl, test: a.jsonl }, { name: One.knowledge, train: a.jsonl, test: a.jsonl }]';
    await expect(run('twice', tasks)).rejects.toThrow(/CONFIG_VALUE.*one.knowledge/);
    expect(existsSync(path.join(folder, 'twice'))).toBe(false);
  });

  it('refuses a line whose plain answers are not as many as its choices', async () => {
    const knowledge = { prompt: 'b', choices: ['a', 'b', 'c'] };
    writeText(folder, 'bad.jsonl', JSON.stringify({ prompt: 'b:', answer: ' a', choices: [' a', 'b'], knowledge }));
    await expect(run('bad', 'benchmark.tasks.0.test=bad.jsonl')).rejects.toThrow(
      /DATA_LINE.*knowledge.choices.* as many as .choices.*3 and 2/,
    );
  });
});
