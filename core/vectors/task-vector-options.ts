import { z } from 'zod';
import { filePathOrName } from '../config/paths.js';
import { headPresets } from './heads.js';

const count = z.number().int().min(1);

/** Options of whoever uses the mean activations of heads on a task. */
export const taskVectorOptions = {
  heads: filePathOrName()
    .default('preset')
    .describe(
      `The heads S: the \`preset\` of the run's model, one by name (${Object.keys(headPresets).join(', ')}), a JSON file [[layer, head], ...], or \`traced\`: those of the largest causal effect, found anew at the start of each task.`,
    ),
  control: z
    .enum(['none', 'random'])
    .default('none')
    .describe('random: as many heads drawn from all others stand in for S.'),
  activations: filePathOrName()
    .default('before-this-task')
    .describe(
      'Where mean activations come from: measured at the start of a task with the model `before-this-task` or the `initial` one, or a safetensors file with a tensor [L, H, d_h] by the name of each task.',
    ),
  samples: z
    .enum(['validation', 'train'])
    .default('validation')
    .describe("Whose items the N-shot prompts are made of: the task's validation samples, or what it trains on."),
  shots: count.default(10).describe('N, demonstrations in a prompt.'),
  prompts: count.default(40).describe('Prompts to measure with.'),
  demonstrationSets: count
    .default(4)
    .describe('Sets of demonstrations drawn; each serves an equal part of the prompts.'),
  minCorrect: count.default(4).describe('With fewer prompts answered right, all of them count.'),
  promptTokens: count
    .default(1024)
    .meta({ unit: 'tokens' })
    .describe('Longest prompt: with more, it has fewer demonstrations.'),
  trials: count.default(15).describe('With `heads: traced`: prompts with shuffled answers to trace on.'),
  top: count.default(10).describe('With `heads: traced`: how many heads.'),
};

export type TaskVectorOptions = z.infer<z.ZodObject<typeof taskVectorOptions>>;
