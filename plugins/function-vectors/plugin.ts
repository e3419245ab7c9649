import { definePlugin, filePath, heldOutPairs, refuseEqualNames, taskName, z } from '../../core/index.js';
import { FunctionVectorsBenchmark } from './benchmark.js';

const count = z.number().int().min(1);

const task = z.strictObject({
  name: taskName,
  file: heldOutPairs.shape.file,
  through: filePath()
    .optional()
    .describe('Pairs: each output becomes what they have for it as an input; items without are left out.'),
  capitalize: z.boolean().default(false).describe('Writes the first letter of every output in upper case.'),
  instruction: heldOutPairs.shape.instruction,
  train: count.optional().describe('Items to train on; by default 70 % of the file.'),
  test: count.optional().describe('Items to score; by default all that are left.'),
  validation: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Items after the scored ones, for methods to measure the model by.'),
  validationInstruction: z.boolean().default(false).describe('Whether those have the instruction too.'),
  epochs: count.default(1).describe('Passes over the training items.'),
});

export const options = z
  .strictObject({
    tasks: z.array(task).min(1).describe('The tasks in the order of training.'),
    heldOut: z.array(heldOutPairs).default([]).describe('Sets that are only evaluated.'),
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
