import { definePlugin, z } from '../../core/index.js';
import { LearningWithoutForgetting } from './regularizer.js';

export const lwfOptions = z
  .strictObject({
    weight: z.number().min(0).default(1).describe('Factor of the divergence.'),
    direction: z
      .enum(['teacher-student', 'student-teacher'])
      .default('teacher-student')
      .describe('KL(teacher || student), or the other way round.'),
    temperature: z.number().positive().default(2).describe('T; logits are divided by it.'),
    squaredTemperature: z
      .boolean()
      .default(false)
      .describe('Multiplies by T^2, so that gradients do not shrink with T.'),
    positions: z
      .enum(['answers', 'all', 'padded'])
      .default('answers')
      .describe('Those that predict an answer, all real tokens, or all of the padded rows.'),
    reduction: z
      .enum(['mean', 'sum-per-row'])
      .default('mean')
      .describe('Over positions: their mean, or their sum over the number of rows.'),
    student: z
      .enum(['step', 'plain'])
      .default('step')
      .describe("The pass that trains, with the interventions' edits, or one without them."),
    top: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe("Takes the teacher's most likely tokens only, all others as one event; by default every token."),
    startsAt: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('First task, from 0, in which it acts; before the first one the teacher is the model as it came.'),
  })
  .superRefine(({ top, direction, positions }, context) => {
    if (top === undefined) return;
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (direction !== 'teacher-student') refuse('direction', 'teacher-student with `top`');
    if (positions === 'padded') refuse('positions', 'answers or all with `top`');
  });

export default definePlugin({
  name: 'lwf',
  summary: 'Learning without forgetting: keeps the answers near those that the model gave before the task.',
  paper: 'Li and Hoiem 2016, arXiv 1606.09282, Eqs. 2-3',
  provides: { regularizer: LearningWithoutForgetting },
  presets: {
    trace: {
      summary:
        "As the TRACE benchmark's code: KL(student || teacher) summed over all positions, padding included, over the rows.",
      options: { direction: 'student-teacher', positions: 'padded', reduction: 'sum-per-row', startsAt: 1 },
    },
  },
  options: lwfOptions,
});
