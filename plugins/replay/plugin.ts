import { definePlugin, z } from '../../core/index.js';
import { Replay } from './regularizer.js';

export const replayOptions = z.strictObject({
  buffer: z
    .enum(['reservoir', 'per-task'])
    .default('reservoir')
    .describe('A uniform sample of all examples so far, or equally many examples of every task.'),
  capacity: z.number().int().min(1).default(256).meta({ unit: 'examples' }).describe('Size of the buffer.'),
  ratio: z
    .number()
    .positive()
    .default(1)
    .describe("Rows replayed in a micro-batch as a part of the batch's rows, rounded, at least one."),
  weight: z.number().min(0).default(1).describe('Factor of the replayed cross-entropy.'),
  edits: z
    .enum(['none', 'step'])
    .default('none')
    .describe("Whether the interventions' edits, made for the task that trains, act on replayed rows too."),
});

export type ReplayOptions = z.infer<typeof replayOptions>;

export default definePlugin({
  name: 'replay',
  summary: 'Trains on buffered examples of earlier tasks beside those of the task.',
  paper: 'Chaudhry et al. 2019, arXiv 1902.10486; reservoir sampling: Vitter 1985, algorithm R',
  provides: { regularizer: Replay },
  options: replayOptions,
});
