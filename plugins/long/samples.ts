import { type DataLine, lineValue, problem, type TextExample, z } from '../../core/index.js';

const record = z.object({ label: z.string(), sentence: z.string().min(1) });

/** What the samples of a task have in common. */
export interface LongTask {
  readonly category: string;
  readonly name: string;
  /** In the order of labels.json. */
  readonly labels: readonly string[];
  /** Ends its line; undefined: the sentence holds question and options itself. */
  readonly instruction?: string;
}

/** A record by O-LoRA's template; its answer is a blank and the label. @throws PalimpsestError DATA_LINE */
export function longSample(line: DataLine, { category, name, labels, instruction }: LongTask): TextExample {
  const { label, sentence } = lineValue(line, record, '{"label": text, "sentence": text}');
  if (!labels.includes(label)) {
    const expected = `one of the labels of labels.json (${labels.join(', ')})`;
    throw problem('DATA_LINE', { where: line.where, expected, got: JSON.stringify(label) });
  }
  const question = instruction === undefined ? '' : `${instruction}Option: ${labels.join(', ')} \n`;
  return {
    prompt: `Task:${category}\nDataset:${name}\n${question}${sentence}\nAnswer:`,
    answer: ` ${label}`,
    choices: labels.map((one) => ` ${one}`),
    where: line.where,
  };
}
