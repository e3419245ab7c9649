import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataReader } from '../../core/index.js';
import { heldOutOptions, heldOutSets } from '../../core/text/held-out.js';
import { noData, realData, titled } from '../real-data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'held-out-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const question = { id: '1', question: ' Which one is cold? ', choices: ['fire', 'ice', 'air'], answer: 1 };

const write = (file: string, ...records: object[]) =>
  writeFileSync(join(folder, file), records.map((record) => JSON.stringify(record)).join('\n'));

/** The sets of a folder in which every set has the given questions, as scored ones and as demonstrations. */
async function load(given: object, ...records: object[]) {
  const options = heldOutOptions.parse({ root: folder, ...given });
  for (const name of options.sets) {
    write(`${name}.jsonl`, ...records);
    write(`${name}.fewshot.jsonl`, ...records);
  }
  return heldOutSets(new DataReader('/'), options);
}

describe('the held-out sets of the paper', () => {
  it('are asked by the templates of the lm-evaluation-harness', async () => {
    const sets = await load({}, question);
    const [hellaswag, arc, commonsense, mmlu] = sets.map(({ items }) => items[0]);
    expect(sets.map(({ name }) => name)).toEqual(['hellaswag', 'arc_challenge', 'commonsense_qa', 'mmlu_social']);
    const texts = { answer: ' ice', choices: [' fire', ' ice', ' air'] };
    const letters = { answer: ' B', choices: [' A', ' B', ' C'] };
    const list = 'Which one is cold?\nA. fire\nB. ice\nC. air\nAnswer:';
    expect(hellaswag).toEqual({
      prompt: 'Which one is cold?',
      ...texts,
      knowledge: { prompt: 'Which one is cold?', choices: texts.choices },
      where: `${join(folder, 'hellaswag.jsonl')}:1`,
    });
    expect(arc).toMatchObject({ prompt: 'Question: Which one is cold?\nAnswer:', ...texts });
    expect(commonsense).toMatchObject({ prompt: `Question: ${list}`, ...letters });
    expect(mmlu).toMatchObject({ prompt: list, ...letters });
    for (const { knowledge } of [arc, commonsense, mmlu]) {
      expect(knowledge).toEqual({ prompt: 'Which one is cold?', choices: texts.choices });
    }
  });

  it('have no marks of WikiHow left in HellaSwag', async () => {
    const marked = {
      ...question,
      question: '[header] How to boil eggs [title] Take a pot. [step] Fill it.',
      choices: ['Light a fire. [title] Wait [substeps] Do not leave.', 'Sit down.'],
    };
    const [{ items }] = await load({ sets: ['hellaswag'] }, marked);
    expect(items[0].prompt).toBe('How to boil eggs. Take a pot. Fill it.');
    expect(items[0].choices).toEqual([' Light a fire.. Wait Do not leave.', ' Sit down.']);
    expect(items[0].knowledge).toEqual({ prompt: items[0].prompt, choices: items[0].choices });
  });

  it('take the subjects of MMLU by turns, so that few questions are of many subjects', async () => {
    const of = (subject: string, id: string) => ({ ...question, id, question: id, subject });
    const records = [of('law', 'l1'), of('law', 'l2'), of('law', 'l3'), of('maps', 'm1'), of('maps', 'm2')];
    const [mmlu] = await load({ sets: ['mmlu_social'], maxTest: 4 }, ...records);
    const asked = (list: readonly { prompt: string }[]) => list.map(({ prompt }) => prompt.split('\n')[0]);
    expect(asked(mmlu.items)).toEqual(['l1', 'm1', 'l2', 'm2']);
    expect(asked(mmlu.demonstrations)).toEqual(['l1', 'm1', 'l2', 'm2', 'l3']);
    const [commonsense] = await load({ sets: ['commonsense_qa'], maxTest: 2 }, ...records);
    expect(commonsense.items).toHaveLength(2);
    expect(commonsense.items[1].prompt).toMatch(/^Question: l2\n/);
  });

  it('are none where none are asked for', async () => {
    expect(await heldOutSets(new DataReader(folder), undefined)).toEqual([]);
  });

  it('refuse a record without its keys and an answer beyond the choices, by line', async () => {
    const sets = { sets: ['arc_challenge'] };
    await expect(load(sets, question, { ...question, choices: ['one'] })).rejects.toThrow(
      /DATA_LINE.*arc_challenge\.jsonl:2.*choices/,
    );
    await expect(load(sets, { ...question, answer: 3 })).rejects.toThrow(/DATA_LINE.*:1.*from 0 to 2, got 3/);
    await expect(heldOutSets(new DataReader(folder), heldOutOptions.parse({ root: 'none' }))).rejects.toThrow(
      /DATA_FILE.*hellaswag\.jsonl/,
    );
  });
});

describe.skipIf(noData)(titled("the held-out sets' own files"), () => {
  it('are read whole, no demonstration among the questions', async () => {
    const sets = await heldOutSets(new DataReader('/'), heldOutOptions.parse({ root: realData('held-out') }));
    expect(sets.map(({ items, demonstrations }) => [items.length, demonstrations.length])).toEqual([
      [500, 20],
      [500, 20],
      [500, 20],
      [480, 60],
    ]);
    for (const { items, demonstrations } of sets) {
      const prompts = new Set(items.map(({ prompt }) => prompt));
      expect(demonstrations.filter(({ prompt }) => prompts.has(prompt))).toEqual([]);
    }
    const [hellaswag] = sets;
    expect(hellaswag.items.filter(({ prompt }) => /\[|\]| {2}/.test(prompt))).toEqual([]);
    expect(hellaswag.items.filter(({ choices }) => new Set(choices).size < 4)).toEqual([]);
  });
});
