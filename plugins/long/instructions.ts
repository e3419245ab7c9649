import { join } from 'node:path';
import { type DataReader, lineValue, z } from '../../core/index.js';
import type { Category } from './tasks.js';

/** Instructions by category; a category without one has neither instruction nor options in its prompts. */
export type Instructions = Partial<Record<string, string>>;

/** Those of O-LoRA's configs/instruction_config.json. */
const published: Partial<Record<Category, string>> = {
  SC: 'What is the sentiment of the following paragraph? Choose one from the option.\n',
  TC: 'What is the topic of the following paragraph? Choose one from the option.\n',
  NLI: 'What is the logical relationship between the "sentence 1" and the "sentence 2"? Choose one from the option.\n',
  QQP: 'Whether the "first sentence" and the "second sentence" have the same meaning? Choose one from the option.\n',
  BoolQA: 'According to the following passage, is the question true or false? Choose one from the option.\n',
  MultiRC:
    'According to the following passage and question, is the candidate answer true or false? Choose one from the option.\n',
  WiC: 'Given a word and two sentences, whether the word is used with the same sense in both sentence? Choose one from the option.\n',
};

const config = z.record(
  z.string(),
  z.array(z.object({ instruction_type: z.string(), instruction: z.string().min(1) })).min(1),
);
const FORM = '{category: [{"instruction_type": text, "instruction": text}, ...], ...}';

/** The zero-shot instructions of configs/instruction_config.json under a folder, the published ones where it has none. */
export async function readInstructions(reader: DataReader, root: string): Promise<Instructions> {
  const file = join(root, 'configs', 'instruction_config.json');
  if (!reader.has(file)) return published;
  const given = lineValue(await reader.document(file), config, FORM);
  const zeroShot = Object.entries(given).flatMap(([category, list]) => {
    const found = list.find(({ instruction_type }) => instruction_type === 'zero-shot');
    return found ? [[category, found.instruction]] : [];
  });
  return { ...published, ...Object.fromEntries(zeroShot) };
}
