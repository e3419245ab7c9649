import { definePlugin, z } from '../../core/index.js';
import { L2Anchor } from './regularizer.js';

export const l2AnchorOptions = z.strictObject({
  over: z
    .enum(['adapter', 'merged'])
    .default('adapter')
    .describe("Whose weights are held: the adapter's variables, or the layers' weights with all additions merged."),
  strength: z.number().min(0).default(1).describe('Weight of the pull.'),
});

export default definePlugin({
  name: 'l2-anchor',
  summary: 'Pulls every weight alike to where the last task left it.',
  paper: 'The L2 baseline of Kirkpatrick et al. 2017, arXiv 1612.00796; L2-SP of Li et al. 2018, arXiv 1802.01483',
  provides: { regularizer: L2Anchor },
  declares: ({ over }) => ({ reads: over === 'adapter' ? { variables: 'run' } : { pairs: true } }),
  options: l2AnchorOptions,
});
