import { z } from 'zod';
import { gridSchema } from './grid-schema.js';

const range = z
  .strictObject({
    low: z.number().describe('The least value.'),
    high: z.number().describe('The greatest value.'),
    log: z.boolean().default(false).describe('Whether every order of magnitude is as likely as the next.'),
    int: z.boolean().default(false).describe('Whether values are whole numbers.'),
  })
  .superRefine(({ low, high, log, int }, { addIssue }) => {
    const refuse = (key: string, message: string) => addIssue({ code: 'custom', path: [key], message });
    if (high <= low) refuse('high', 'expected more than `low`');
    if (log && low <= 0) refuse('low', 'expected more than 0, for `log`');
    if (int && !Number.isInteger(low)) refuse('low', 'expected a whole number, for `int`');
    if (int && !Number.isInteger(high)) refuse('high', 'expected a whole number, for `int`');
  });

/** What an option is searched over: listed values, or a range. */
const entry = z.union([z.array(z.unknown()).min(1), range]);

const settings = z
  .strictObject({
    sampler: z
      .enum(['grid', 'random', 'tpe'])
      .describe('Every combination once, random draws, or draws that learn from the trials before (TPE).'),
    trials: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('How many combinations are tried; with `grid` it may be left out: all.'),
    seed: z.number().int().min(0).max(4294967295).default(1).describe('Seed of the sampler.'),
    maximize: z.string().min(1).optional().describe('The figure that is to be high; this or `minimize`.'),
    minimize: z.string().min(1).optional().describe('The figure that is to be low.'),
    space: z
      .record(z.string().min(1), entry)
      .refine((space) => Object.keys(space).length > 0, 'expected at least one option')
      .describe('Options, written like `training.learningRate`, each with a list of values or a range.'),
  })
  .superRefine(({ sampler, trials, maximize, minimize, space }, { addIssue }) => {
    const refuse = (path: string[], message: string) => addIssue({ code: 'custom', path, message });
    if ((maximize === undefined) === (minimize === undefined)) refuse([], 'expected either `maximize` or `minimize`');
    if (sampler !== 'grid' && trials === undefined) refuse(['trials'], `expected a number, for \`${sampler}\``);
    if (sampler !== 'grid') return;
    for (const [option, values] of Object.entries(space)) {
      if (!Array.isArray(values)) refuse(['space', option], 'expected a list of values, for `grid`');
    }
  });

/** A grid whose options a search finds. */
export const searchSchema = gridSchema
  .omit({ options: true })
  .extend({ search: settings.describe('What is searched, how, and for what.') });

export type SearchSettings = z.infer<typeof settings>;
export type SearchSpace = SearchSettings['space'];
