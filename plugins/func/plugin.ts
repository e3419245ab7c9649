import { definePlugin, distinctNames, filePath, heldOutOptions, heldOutPairs, z } from '../../core/index.js';
import { FuncBenchmark } from './benchmark.js';
import { taskNames } from './tasks.js';

const count = z.number().int().min(1);

const heldOut = z.strictObject({
  root: filePath()
    .optional()
    .describe('Folder of NAME.jsonl and NAME.fewshot.jsonl; left out: none of these sets, `pairs` only.'),
  sets: heldOutOptions.shape.sets,
  maxTest: heldOutOptions.shape.maxTest,
  pairs: z.array(heldOutPairs).default([]).describe('Sets that are files of pairs.'),
});

export const options = z.strictObject({
  root: filePath().describe('Folder that holds the six files.'),
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
  heldOut: heldOut.optional().describe('Sets that are only evaluated.'),
});

export default definePlugin({
  name: 'func',
  summary: 'FUNC: six tasks on lists of words and short texts, made of the function-vectors data sets.',
  paper: 'Todd et al. 2024, Function Vectors in Large Language Models (ICLR)',
  provides: { benchmark: FuncBenchmark },
  options,
});
