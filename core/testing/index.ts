/* `palimpsest/testing`: the conformance kit and what tests of plugins need. Vitest must be installed. */
export { describePlugin } from './describe-plugin.js';
export type { ConformanceSettings } from './subject.js';
export { expectClose, expectNoLeak, type Numbers, numericGradient } from './tensor-checks.js';
export { toyTasks } from './toy-tasks.js';
export { toyTokenizer } from './toy-tokenizer.js';
export { toyBatch, toyLosses } from './toy-training.js';
export { toyConfig, toyWeights } from './toy-weights.js';
