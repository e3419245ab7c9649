import { definePlugin, filePath, refuseEqualNames, taskName, z } from '../../core/index.js';
import { FunctionVectorsBenchmark } from './benchmark.js';

const count = z.number().int().min(1);
const file = filePath().describe('JSON: [{"input": text, "output": text}, ...].');
const instruction = z.string().min(1).optional().describe('A line before the question.');

const task = z.strictObject({
  name: taskName,
  file,
  instruction,
  train: count.optional().describe('Items to train on; by default 70 % of the file.'),
  test: count.optional().describe('Items to score; by default all that are not trained on.'),
  epochs: count.default(1).describe('Passes over the training items.'),
});

const heldOutSet = z.strictObject({
  name: taskName,
  file,
  instruction,
  shots: count.default(10).describe('Items set apart as demonstrations.'),
  test: count.optional().describe('Items to score; by default all others.'),
});

export const options = z
  .strictObject({
    tasks: z.array(task).min(1).describe('The tasks in the order of training.'),
    heldOut: z.array(heldOutSet).default([]).describe('Sets that are only evaluated.'),
    shuffle: z
      .boolean()
      .default(true)
      .describe("Shuffles a file's items before they are split; false keeps its order."),
    answerEnd: z.enum(['eos', 'newline']).default('eos').describe('What ends an answer; trained too.'),
  })
  .superRefine(refuseEqualNames);

export default definePlugin({
  name: 'function-vectors',
  summary: 'Input-output tasks in the form of the function-vectors data sets: `Q: input`, `A: output`.',
  paper: 'Todd et al. 2024, Function Vectors in Large Language Models (ICLR), section 2',
  provides: { benchmark: FunctionVectorsBenchmark },
  options,
});
