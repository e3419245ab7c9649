import { z } from 'zod';
import { filePath } from '../config/paths.js';
import type { EvaluationSet, Task, TextExample } from '../contracts/benchmark.js';
import { lineValue } from './data-file.js';
import type { DataReader } from './data-reader.js';
import { type SplitCounts, splitInOrder } from './samples.js';
import { taskName } from './task-names.js';

const pair = z.object({ input: z.string().min(1), output: z.string().min(1) });

export type Pair = z.infer<typeof pair>;

/** Options of a held-out set that is a file of pairs. */
export const heldOutPairs = z.strictObject({
  name: taskName,
  file: filePath().describe('JSON: [{"input": text, "output": text}, ...].'),
  instruction: z.string().min(1).optional().describe('A line before the question.'),
  shots: z.number().int().min(1).default(10).describe('Items set apart as demonstrations.'),
  test: z.number().int().min(1).optional().describe('Items to score; by default all others.'),
});

/** What becomes of a list of pairs that is a task. */
export interface PairTask extends SplitCounts {
  readonly name: string;
  readonly instruction?: string;
  /** Whether the validation samples have the instruction too. */
  readonly validationInstruction: boolean;
  readonly epochs: number;
  /** Names the list in errors. */
  readonly where: string;
}

/** The pairs of a file. @throws PalimpsestError DATA_FILE, DATA_LINE, DATA_EMPTY */
export async function readPairs(reader: DataReader, file: string): Promise<Pair[]> {
  const items = await reader.items(file);
  return items.map((item) => lineValue(item, pair, '{"input": text, "output": text}'));
}

/** A pair with the first letter of its output in upper case. */
export function capitalized({ input, output }: Pair): Pair {
  const [first, ...others] = output;
  return { input, output: `${first.toUpperCase()}${others.join('')}` };
}

/** Todd et al.'s template: `Q: input`, a new line, `A:`; the answer is a blank and the output. */
export function pairExample({ input, output }: Pair, instruction?: string): TextExample {
  const before = instruction === undefined ? '' : `${instruction}\n`;
  return { prompt: `${before}Q: ${input}\nA:`, answer: ` ${output}` };
}

/** A task of pairs, split in their order; its demonstrations are what it learns from. @throws PalimpsestError DATA_EMPTY */
export function pairTask(pairs: readonly Pair[], task: PairTask, example = pairExample): Task {
  const { name, instruction, epochs } = task;
  const { first, test, validation } = splitInOrder(pairs, task, task.where);
  const train = first.map((one) => example(one, instruction));
  const before = task.validationInstruction ? instruction : undefined;
  return {
    name,
    train,
    epochs,
    validation: validation.length > 0 ? validation.map((one) => example(one, before)) : undefined,
    test: { name, items: test.map((one) => example(one, instruction)), demonstrations: train },
  };
}

/**
 * Held-out sets of pairs; the first `shots` of each are its demonstrations.
 * @param ordered a set's pairs in the order in which they are taken
 * @throws PalimpsestError DATA_FILE, DATA_LINE, DATA_EMPTY
 */
export async function pairSets(
  reader: DataReader,
  sets: readonly z.infer<typeof heldOutPairs>[],
  ordered: (name: string, pairs: Pair[]) => Pair[],
): Promise<EvaluationSet[]> {
  const made: EvaluationSet[] = [];
  for (const { name, file, instruction, shots, test } of sets) {
    const pairs = ordered(name, await readPairs(reader, file));
    const parts = splitInOrder(pairs, { first: shots, test }, `${name}, ${file}`);
    const examples = (some: readonly Pair[]) => some.map((one) => pairExample(one, instruction));
    made.push({ name, items: examples(parts.test), demonstrations: examples(parts.first) });
  }
  return made;
}
