import { join } from 'node:path';
import { writeText } from '../config/write-config.js';
import { writeToyModel } from './toy-model.js';

/** What cells of a grid have in common that take a second: two tasks, two steps each, of the toy model. */
export const letters = `
shared:
  engine: cpu
  backbone: { use: llama, model: ./toy }
  adapter: { use: inc-lora, rank: 2 }
  training: { batchSize: 2, maxOutputTokens: 3, learningRate: 0.01 }
  evaluation: { after: last, by: [first-token] }
benchmark:
  letters:
    benchmark:
      use: jsonl
      tasks: [{ name: a, train: a.jsonl, test: a.jsonl }, { name: b, train: b.jsonl, test: a.jsonl }]
figures: { first: { sets: [a], shots: 0, metric: firstTokenLogProbability } }
`;

/** Writes the toy model and the data that `letters` names. */
export async function writeLetters(folder: string): Promise<void> {
  await writeToyModel(join(folder, 'toy'));
  const write = (name: string, prompts: readonly string[]) =>
    writeText(folder, name, prompts.map((prompt) => `${JSON.stringify({ prompt, answer: ' a' })}\n`).join(''));
  write('a.jsonl', ['ab.', 'cd.', 'ef.']);
  write('b.jsonl', ['gh.', 'ij.', 'kl.']);
}
