import { definePlugin, z } from '../../core/index.js';
import { OrthogonalPairs } from './regularizer.js';

const weight = z.number().min(0);
const weights = weight.or(z.array(weight).min(1));

export const oLoraOptions = z.strictObject({
  lambda1: weights
    .default(0.5)
    .describe('Weight of the overlap: one, or one for each task, the last for all that follow.'),
  lambda2: weights.default(0).describe('Weight of the L2 norms, likewise.'),
  entries: z
    .enum(['absolute', 'squared'])
    .default('absolute')
    .describe('What is summed over the entries of A_prev A_cur^T: their magnitudes or their squares.'),
});

export default definePlugin({
  name: 'o-lora',
  summary: "O-LoRA: charges the current pair for leaving the orthogonal complement of earlier tasks' pairs.",
  paper: 'Wang et al. 2023, arXiv 2310.14152, Eqs. 5-7',
  requires: ['inc-lora'],
  provides: { regularizer: OrthogonalPairs },
  declares: () => ({ reads: { pairs: true, variables: 'task' } }),
  options: oLoraOptions,
});
