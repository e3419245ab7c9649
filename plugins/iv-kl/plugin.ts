import { definePlugin, strengthOptions, taskVectorOptions, z } from '../../core/index.js';
import { InstructionVectorDivergence } from './regularizer.js';

const term = z.strictObject({
  weight: z.number().min(0).describe('Factor of the divergence.'),
  positions: z
    .enum(['answer-start', 'answers', 'all'])
    .default('answer-start')
    .describe('The last prompt token, all positions that predict an answer, or all of the padded rows.'),
  reduction: z
    .enum(['mean', 'sum-per-row'])
    .default('mean')
    .describe('Over positions: their mean, or their sum over the number of rows.'),
  above: z.number().min(0).default(0).describe('Charged only while the divergence is larger. Unit: nats.'),
});

const headTerm = z.strictObject({
  weight: z.number().min(0).describe('Factor; the mean squared difference of the heads at the last prompt token.'),
  above: z.number().min(0).default(0).describe('Charged only while the difference is larger.'),
});

export const ivKlOptions = z
  .strictObject({
    ...taskVectorOptions,
    terms: z
      .array(term)
      .min(1)
      .default([{ weight: 0.05, positions: 'answer-start', reduction: 'mean', above: 0 }])
      .describe('What is charged.'),
    direction: z
      .enum(['vector-plain', 'plain-vector'])
      .default('vector-plain')
      .describe('KL(p with the vector || p without), or the other way round.'),
    temperature: z.number().positive().default(1).describe('T; logits are divided by it, no factor T^2.'),
    target: z
      .enum(['current', 'before-this-task', 'initial'])
      .default('current')
      .describe('The model that the vector is put into.'),
    detach: z.boolean().default(true).describe('Lets no gradient flow into the side with the vector.'),
    site: z
      .enum(['heads', 'residual', 'attention'])
      .default('heads')
      .describe("Where the vector is added: to each head, to a layer's output, or to what its attention adds."),
    layer: z.number().int().min(0).optional().describe('The layer, from 0, for `residual` and `attention`.'),
    strength: z.number().or(z.literal('schedule')).default(1).describe('s, or that of `schedule` at the step.'),
    schedule: z.strictObject(strengthOptions).prefault({}).describe('Strength over a task.'),
    headTerm: headTerm.optional().describe('Charges as well for heads that leave those of the target without vector.'),
  })
  .superRefine(({ site, layer, target, detach, headTerm }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (site !== 'heads' && layer === undefined) refuse('layer', `a layer for site: ${site}`);
    if (target !== 'current' && !detach) refuse('detach', `true with target: ${target}, which does not train`);
    if (target === 'current' && headTerm) refuse('target', 'before-this-task or initial with `headTerm`');
  });

export type IvKlOptions = z.infer<typeof ivKlOptions>;

export default definePlugin({
  name: 'iv-kl',
  summary: 'Keeps the answers of the model without a vector near those that it gives with the instruction vector.',
  paper: 'Jiang et al. 2024, arXiv 2406.12227, section 4, Eq. 4',
  provides: { regularizer: InstructionVectorDivergence },
  presets: {
    'fvg-kl': {
      summary: "The same author's later work: the vector of the initial model in the model before the task.",
      options: {
        activations: 'initial',
        target: 'before-this-task',
        site: 'attention',
        layer: 9,
        direction: 'plain-vector',
        temperature: 2,
        terms: [
          { weight: 20, positions: 'answer-start', above: 0.1 },
          { weight: 0.1, positions: 'all', reduction: 'sum-per-row', above: 0.1 },
        ],
      },
    },
  },
  options: ivKlOptions,
});
