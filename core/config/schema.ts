import { z } from 'zod';

const count = z.number().int();

/** A plugin's name (or package, or ./path) with its options beside it. */
export const pluginUse = z
  .looseObject({ use: z.string().min(1).describe('Name of a built-in plugin, an npm package, or a ./path.') })
  .describe('A plugin and its options.');

export const scheduleSchema = z.strictObject({
  kind: z.enum(['constant', 'linear', 'cosine']).default('constant').describe('Shape after the warm-up.'),
  warmup: count.min(0).default(0).describe('Optimizer steps of linear warm-up in every task.'),
});

export const keepSchema = z.strictObject({
  memory: count.min(0).default(512).meta({ unit: 'MiB' }).describe('In memory.'),
  disk: count
    .min(0)
    .default(4096)
    .meta({ unit: 'MiB' })
    .describe('In a file of the run directory, beyond that; a checkpoint writes what is in memory there too.'),
});

export const trainingSchema = z.strictObject({
  tasks: z
    .enum(['sequence', 'joint', 'none'])
    .default('sequence')
    .describe('One task after another; all at once, the upper bound; or no training, zero-shot.'),
  batchSize: count.min(1).default(8).describe('Rows of one micro-batch.'),
  accumulate: count.min(1).default(1).describe('Micro-batches of one optimizer step.'),
  learningRate: z.number().min(0).default(1e-4).describe('Peak learning rate.'),
  schedule: scheduleSchema.prefault({}).describe('Learning rate over the steps of a task.'),
  weightDecay: z.number().min(0).default(0.01).describe('Decoupled weight decay.'),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.999])
    .describe("AdamW's decay of the two moments."),
  epsilon: z.number().positive().default(1e-8).describe("Added to the root of AdamW's second moment."),
  clip: z.number().positive().nullable().default(1).describe('Largest global L2 norm of the gradient; null: none.'),
  shuffle: z.boolean().default(true).describe("false keeps the file's order."),
  maxInputTokens: count.min(1).default(512).describe('Longest prompt in tokens.'),
  maxOutputTokens: count.min(1).default(50).describe('Longest answer in tokens.'),
  overflow: z
    .enum(['truncate', 'refuse'])
    .default('truncate')
    .describe('A prompt too long loses its middle, an answer its end; or refused.'),
  keep: keepSchema
    .prefault({})
    .describe(
      "How much of a fixed model's outputs (a teacher's) is kept over epochs; what is beyond both bounds is computed anew.",
    ),
  allowIdle: z.boolean().default(false).describe('Goes on where a plugin is found to do nothing.'),
});

export const checkpointSchema = z.strictObject({
  every: count
    .min(0)
    .default(100)
    .meta({ unit: 'optimizer steps' })
    .describe('Within a task; 0: only after each task.'),
});

export const evaluationSchema = z.strictObject({
  after: z
    .enum(['each-task', 'last', 'end', 'never'])
    .default('each-task')
    .describe('When to score: Init and each task, Init and the last one, the last one only, or never.'),
  shots: z.array(count.min(0)).min(1).default([0]).describe('Numbers of demonstrations.'),
  by: z
    .array(z.enum(['likelihood', 'exact', 'first-token']))
    .min(1)
    .default(['likelihood', 'exact'])
    .describe('What is measured.'),
  maxInputTokens: count
    .min(1)
    .nullable()
    .default(null)
    .describe('Longest prompt that is scored, with its demonstrations, in tokens; null: as in training.'),
});

export const runSchema = z.strictObject({
  seed: count.min(0).default(1).describe('Every random draw of the run comes from it.'),
  engine: z
    .enum(['auto', 'native', 'wasm', 'cpu'])
    .default('auto')
    .describe('auto: native where it is installed, else wasm.'),
  backbone: pluginUse,
  adapter: pluginUse
    .or(z.array(pluginUse).min(1))
    .describe('What trains; several adapters where each has other layers.'),
  regularizers: z.array(pluginUse).default([]).describe('Loss terms beyond the cross-entropy.'),
  interventions: z.array(pluginUse).default([]).describe('Edits of activations.'),
  benchmark: pluginUse,
  observers: z.array(pluginUse).default([]).describe('Watchers beside the console and metrics.jsonl.'),
  training: trainingSchema.prefault({}).describe('AdamW and its data.'),
  checkpoint: checkpointSchema.prefault({}).describe('How often the run saves what it needs to go on.'),
  evaluation: evaluationSchema.prefault({}).describe('What is scored, and when.'),
});

export type PluginUse = z.infer<typeof pluginUse>;
export type TrainingSettings = z.infer<typeof trainingSchema>;
export type ScheduleSettings = z.infer<typeof scheduleSchema>;
export type EvaluationSettings = z.infer<typeof evaluationSchema>;
export type RunConfig = z.infer<typeof runSchema>;
