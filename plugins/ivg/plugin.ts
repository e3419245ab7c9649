import { definePlugin, strengthOptions, taskVectorOptions, z } from '../../core/index.js';
import { InstructionVectorGuidance } from './intervention.js';

export const ivgOptions = z.strictObject({
  ...taskVectorOptions,
  mode: z
    .enum(['add', 'replace', 'mix'])
    .default('add')
    .describe('h + s v, v while s > 0, or (1 - s) h + s v; v the mean activation of a head.'),
  positions: z
    .enum(['prompt-end', 'answers'])
    .default('prompt-end')
    .describe("Where heads are edited: at the last prompt token, or at all positions that predict an answer's token."),
  ...strengthOptions,
});

export default definePlugin({
  name: 'ivg',
  summary:
    'Instruction-vector-guided training: heads are edited with their mean activations, less and less over a task.',
  paper: 'Jiang et al. 2024, arXiv 2406.12227, section 4, Eq. 3',
  provides: { intervention: InstructionVectorGuidance },
  declares: ({ mode }) => ({ writes: { activations: { heads: mode === 'add' ? 'add' : 'set' } } }),
  options: ivgOptions,
});
