import { filePath, z } from '../../core/index.js';

export const incLoraOptions = z.strictObject({
  rank: z.number().int().min(1).default(8).describe('r, the rank of a pair.'),
  alpha: z.number().positive().default(16).describe('The addition is scaled by alpha / rank.'),
  dropout: z.number().min(0).lt(1).default(0).describe("Dropout on a pair's input while training, 0-1."),
  targets: z
    .array(z.string().min(1))
    .min(1)
    .default(['q_proj', 'v_proj'])
    .describe('Kinds of linear layers that get a pair, in every layer.'),
  growth: z
    .enum(['per-task', 'single'])
    .default('per-task')
    .describe('A new pair for every task, earlier ones frozen and folded into the weights; or one pair for all tasks.'),
  init: filePath()
    .optional()
    .describe("A PEFT directory that the first task's pairs start from, relative to the config file."),
});

export type IncLoraOptions = ReturnType<typeof incLoraOptions.parse>;
