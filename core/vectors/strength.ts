import { z } from 'zod';
import type { StepPosition } from '../contracts/moments.js';

const shapes = ['linear', 'cosine', 'exponential', 'step', 'constant'] as const;
export type StrengthShape = (typeof shapes)[number];

/** Options of a strength that changes while a task trains. */
export const strengthOptions = {
  shape: z
    .enum(shapes)
    .default('linear')
    .describe('f(u), u from 0 to 1: 1 - u, (1 + cos pi u) / 2, e^(-5u), 1 below 0.5 and then 0, or 1.'),
  from: z.number().default(1).describe('Strength where f is 1.'),
  to: z.number().default(0).describe('Strength where f is 0.'),
  per: z.enum(['step', 'epoch']).default('step').describe("What u counts: the task's optimizer steps, or its epochs."),
};

export type StrengthOptions = z.infer<z.ZodObject<typeof strengthOptions>>;

const curves: Readonly<Record<StrengthShape, (u: number) => number>> = {
  linear: (u) => 1 - u,
  cosine: (u) => (1 + Math.cos(Math.PI * u)) / 2,
  exponential: (u) => Math.exp(-5 * u),
  step: (u) => (u < 0.5 ? 1 : 0),
  constant: () => 1,
};

/** s = to + (from - to) f(u), u = k / (K - 1) for the k-th of K steps or epochs; u = 0 where there is one only. */
export function strengthAt({ shape, from, to, per }: StrengthOptions, step: StepPosition): number {
  const [k, count] = per === 'step' ? [step.taskStep, step.taskSteps] : [step.epoch, step.epochs];
  const u = count > 1 ? k / (count - 1) : 0;
  return to + (from - to) * curves[shape](u);
}
