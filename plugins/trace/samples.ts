import { type DataLine, lineValue, problem, type TextExample, z } from '../../core/index.js';
import type { TraceTask } from './tasks.js';

const record = z.object({ prompt: z.string().min(1), answer: z.string().min(1) });

const read = (line: DataLine) => lineValue(line, record, '{"prompt": text, "answer": text}');

/** What stands between a prompt and its answer: nothing after a full-width colon or a blank, else a blank. */
const gapAfter = (prompt: string) => (/[：\s]$/.test(prompt) ? '' : ' ');

/** A sample to train on, with its whole answer. @throws PalimpsestError DATA_LINE */
export function trainingSample(line: DataLine): TextExample {
  const { prompt, answer } = read(line);
  return { prompt, answer: gapAfter(prompt) + answer, where: line.where };
}

/**
 * A sample to score or to show: where the task is answered with a letter, that letter alone, the first line of the answer,
 * among those that the question leaves to choose from. @throws PalimpsestError DATA_LINE
 */
export function scoredSample(line: DataLine, { letters }: TraceTask): TextExample {
  if (!letters) return trainingSample(line);
  const { prompt, answer } = read(line);
  const [letter] = answer.split('\n');
  const offered = letters(prompt);
  if (!offered.includes(letter)) {
    const expected = `an answer whose first line is one of ${offered.join(', ') || 'the choices, but there are none'}`;
    throw problem('DATA_LINE', { where: line.where, expected, got: JSON.stringify(letter.slice(0, 50)) });
  }
  const gap = gapAfter(prompt);
  return { prompt, answer: gap + letter, choices: offered.map((one) => gap + one), where: line.where };
}
