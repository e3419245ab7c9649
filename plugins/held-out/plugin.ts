import { definePlugin, evaluatedOptions, z } from '../../core/index.js';
import { HeldOutBenchmark } from './benchmark.js';

export const options = z.strictObject(evaluatedOptions.shape).superRefine(({ root, pairs }, context) => {
  if (root !== undefined || pairs.length > 0) return;
  context.addIssue({ code: 'custom', path: ['root'], message: 'expected `root`, `pairs` or both' });
});

export default definePlugin({
  name: 'held-out',
  summary: 'Sets that are only scored, without tasks: what a model can do as it came.',
  provides: { benchmark: HeldOutBenchmark },
  options,
});
