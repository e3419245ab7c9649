import { definePlugin, distinctNames, evaluatedOptions, filePath, z } from '../../core/index.js';
import { FuncBenchmark } from './benchmark.js';
import { taskNames } from './tasks.js';

const count = z.number().int().min(1);

export const options = z
  .strictObject({
    root: filePath().optional().describe('Folder of ready-made files; those that it lacks are made of `lists`.'),
    lists: filePath()
      .optional()
      .describe('Folder of the published lists, abstractive/ and extractive/, that the six files are made of.'),
    tasks: z
      .array(z.enum(taskNames))
      .min(1)
      .refine(distinctNames, 'expected each name once')
      .default(taskNames)
      .describe('The tasks in the order of training.'),
    epochs: count.default(10).describe('Passes over the training items of every task.'),
    maxTrain: count.optional().describe('Trains on the first of the training items of every task only.'),
    maxTest: count.optional().describe('Scores the first of the other items of every task only.'),
    validation: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('Items that are not scored, for methods to measure the model by.'),
    validationInstruction: z.boolean().default(false).describe('Whether those have the instruction too.'),
    heldOut: evaluatedOptions.optional().describe('Sets that are only evaluated.'),
  })
  .superRefine(({ root, lists }, context) => {
    if (root !== undefined || lists !== undefined) return;
    context.addIssue({ code: 'custom', path: ['lists'], message: 'expected `lists`, `root` or both' });
  });

export default definePlugin({
  name: 'func',
  summary: 'FUNC: six tasks on lists of words and short texts, made of the function-vectors data sets.',
  paper: 'Todd et al. 2024, Function Vectors in Large Language Models (ICLR)',
  provides: { benchmark: FuncBenchmark },
  options,
});
