import { definePlugin, filePath, refuseEqualNames, taskName, z } from '../../core/index.js';
import { JsonlBenchmark } from './benchmark.js';

const file = filePath();
const count = z.number().int().min(1);

const task = z.strictObject({
  name: taskName,
  train: file.describe('Lines {"prompt", "answer"} or {"tokens", "labels"}.'),
  test: file.optional().describe('Lines {"prompt", "answer", "choices"?}; left out: trained, not scored.'),
  fewShot: file.optional().describe('Demonstrations for N-shot prompts; by default the first of `train`.'),
  validation: file
    .optional()
    .describe('Lines as of `test`, neither trained nor scored; by default those of `train` beyond `maxTrain`.'),
  epochs: count.default(1).describe('Passes over `train`.'),
});

const heldOutSet = z.strictObject({
  name: taskName,
  test: file.describe('Lines {"prompt", "answer", "choices"?}.'),
  fewShot: file.optional().describe('Demonstrations for N-shot prompts; left out: zero-shot only.'),
});

export const options = z
  .strictObject({
    tasks: z.array(task).min(1).describe('The tasks in the order of training.'),
    heldOut: z.array(heldOutSet).default([]).describe('Sets that are only evaluated.'),
    answerEnd: z.enum(['eos', 'newline']).default('eos').describe('What ends an answer; trained too.'),
    maxTrain: count.optional().describe('Uses the first lines of every training file only.'),
    maxTest: count.optional().describe('Uses the first lines of every test file only.'),
  })
  .superRefine(refuseEqualNames);

export default definePlugin({
  name: 'jsonl',
  summary: "Tasks from a user's own JSONL files.",
  provides: { benchmark: JsonlBenchmark },
  options,
});
