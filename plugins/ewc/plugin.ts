import { definePlugin, z } from '../../core/index.js';
import { ElasticWeightConsolidation } from './regularizer.js';

export const ewcOptions = z
  .strictObject({
    over: z
      .enum(['adapter', 'merged'])
      .default('adapter')
      .describe("Whose weights are held: the adapter's variables, or the layers' weights with all additions merged."),
    lambda: z.number().min(0).default(400).describe('Weight of the pull.'),
    half: z.boolean().default(true).describe('Multiplies by 1/2.'),
    fisher: z
      .enum(['per-sample', 'batch', 'running'])
      .default('per-sample')
      .describe(
        "Fisher information: the mean of squared gradients of samples, or of batches, after a task; or TRACE's sum of squared step gradients while it trains.",
      ),
    labels: z
      .enum(['answers', 'sampled'])
      .default('answers')
      .describe("Labels of the gradients: the answers', or drawn from the model's own distribution."),
    samples: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('Training examples to estimate from, drawn from the task; by default all.'),
    accumulate: z
      .enum(['separate', 'online'])
      .default('separate')
      .describe('A Fisher information and an anchor for every task, or one of each, the earlier information decayed.'),
    decay: z.number().min(0).max(1).default(1).describe('What is left of earlier Fisher information with `online`.'),
  })
  .superRefine(({ fisher, over, labels, accumulate, decay }, context) => {
    if (fisher !== 'running') return;
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (over !== 'adapter') refuse('over', 'adapter with fisher: running, which sees what the optimizer sees');
    if (labels !== 'answers') refuse('labels', 'answers with fisher: running');
    if (accumulate !== 'online') refuse('accumulate', 'online with fisher: running, which goes on over the tasks');
    if (decay !== 1) refuse('decay', '1 with fisher: running, whose sum never decays');
  });

export type EwcOptions = z.infer<typeof ewcOptions>;

export default definePlugin({
  name: 'ewc',
  summary: 'Elastic weight consolidation: pulls weights to where earlier tasks left them, by their Fisher information.',
  paper: 'Kirkpatrick et al. 2017, arXiv 1612.00796, Eq. 3',
  provides: { regularizer: ElasticWeightConsolidation },
  declares: ({ over }) => ({ reads: over === 'adapter' ? { variables: 'run' } : { pairs: true } }),
  presets: {
    trace: {
      summary: "As the TRACE benchmark's code: one anchor, squared gradients of every step of every task summed up.",
      options: { over: 'adapter', lambda: 400, half: true, fisher: 'running', accumulate: 'online', decay: 1 },
    },
  },
  options: ewcOptions,
});
