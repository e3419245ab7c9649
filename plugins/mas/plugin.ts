import { definePlugin, z } from '../../core/index.js';
import { MemoryAwareSynapses } from './regularizer.js';

export const masOptions = z.strictObject({
  over: z
    .enum(['adapter', 'merged'])
    .default('adapter')
    .describe("Whose weights are held: the adapter's variables, or the layers' weights with all additions merged."),
  lambda: z.number().min(0).default(1e-3).describe('Weight of the pull.'),
  samples: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Training examples to measure importance with, drawn from the task; by default all.'),
  decay: z.number().min(0).max(1).default(1).describe('What is left of earlier importance after each task.'),
});

export default definePlugin({
  name: 'mas',
  summary:
    "Memory aware synapses: pulls weights to where the last task left them, by the outputs' sensitivity to them.",
  paper: 'Aljundi et al. 2018, arXiv 1711.09601, Eqs. 2-4',
  provides: { regularizer: MemoryAwareSynapses },
  declares: ({ over }) => ({ reads: over === 'adapter' ? { variables: 'run' } : { pairs: true } }),
  options: masOptions,
});
