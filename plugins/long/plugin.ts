import { definePlugin, distinctNames, evaluatedOptions, filePath, z } from '../../core/index.js';
import { LongBenchmark } from './benchmark.js';
import { orders } from './tasks.js';

const count = z.number().int().min(1);

export const options = z.strictObject({
  root: filePath().describe('Folder that holds CL_Benchmark/CATEGORY/TASK/ and, if you like, configs/.'),
  order: z.enum(['long', 'order1', 'order2', 'order3']).default('long').describe('The sequence of tasks.'),
  tasks: z
    .array(z.enum(orders.long))
    .min(1)
    .refine(distinctNames, 'expected each name once')
    .optional()
    .describe('A sequence of your own, in place of `order`.'),
  epochs: count.default(1).describe('Passes over the training samples of every task.'),
  maxTrain: count.optional().describe('Trains on the first samples of every task only.'),
  maxTest: count.optional().describe('Scores the first samples of every task only.'),
  maxValidation: count.optional().describe('Keeps the first validation samples of every task only.'),
  heldOut: evaluatedOptions.optional().describe('Sets that are only evaluated.'),
});

export default definePlugin({
  name: 'long',
  summary: 'LONG: fifteen classification tasks with instructions, read from the files of O-LoRA.',
  paper: 'Razdaibiedina et al. 2023, Progressive Prompts; Wang et al. 2023, Orthogonal Subspace Learning (O-LoRA)',
  provides: { benchmark: LongBenchmark },
  options,
});
