import { z } from 'zod';
import type { MetricName } from '../contracts/benchmark.js';
import { metricNames } from '../evaluation/metrics.js';
import { fileName } from '../text/task-names.js';
import { MEMORY, SECONDS } from './figures.js';

/** What names a row or a column of the table, and a folder. */
const label = z.string().max(60).regex(fileName, 'expected letters, digits, dots, hyphens and underscores');

/** A part of a run's config: a config file, several, or the settings themselves. */
const part = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1), z.record(z.string(), z.unknown())])
  .describe(
    'A part of a config: a file, several, or the settings themselves (with `extends` where they extend a file).',
  );

const seed = z.number().int().min(0);
const seeds = z.array(seed).min(1);

const axis = z.record(label, part).refine((parts) => Object.keys(parts).length > 0, 'expected at least one entry');

const figure = z.strictObject({
  sets: z.array(z.string().min(1)).min(1).describe('The sets whose mean it is.'),
  shots: z.number().int().min(0).describe('Number of demonstrations.'),
  metric: z
    .enum(Object.keys(metricNames) as MetricName[])
    .optional()
    .describe("A metric's name; by default the one that stands for each set (run.md)."),
});

/** The cells that have all of the names that are given. */
const labels = z.strictObject({
  base: label.optional().describe('A name of `base`; left out: any.'),
  add: label.optional().describe('A name of `add`; left out: any.'),
  benchmark: label.optional().describe('A name of `benchmark`; left out: any.'),
});

const frontier = z.strictObject({
  plasticity: z.string().min(1).default('FP').describe('The figure that tells what is learnt.'),
  retention: z
    .array(z.string().min(1))
    .min(1)
    .default(['IP', 'HP'])
    .describe('The figures that tell what is kept: a frontier for each.'),
});

export const gridSchema = z.strictObject({
  shared: part.default({}).describe('What all cells have.'),
  base: axis.describe('Methods, each with a name: letters, digits, dots, hyphens, underscores.'),
  add: axis
    .default({ none: {} })
    .describe('What is added to each; the first entry is what the others are compared with.'),
  benchmark: axis.describe('Benchmarks, each with a name likewise.'),
  seeds: seeds.or(z.record(label, seeds)).default([1]).describe('Seeds of every cell, or by name of the benchmark.'),
  options: z
    .record(z.string().min(1), z.array(z.unknown()).min(1))
    .default({})
    .describe('Values of single options, written like `training.learningRate`: every combination is a row.'),
  cells: z
    .array(labels.extend({ config: part }))
    .default([])
    .describe('Settings of some cells only: of those that have all of the names given.'),
  except: z.array(labels).default([]).describe('Cells to leave out, likewise.'),
  figures: z
    .record(label, figure)
    .refine(
      (figures) => !(SECONDS in figures || MEMORY in figures),
      `expected other names than ${SECONDS} and ${MEMORY}, which every cell has`,
    )
    .default({})
    .describe('Columns beside those of summary.json, or in their place: means over sets, after the last task.'),
  frontier: frontier.prefault({}).describe('What the frontiers of plasticity and retention are drawn over.'),
});

export type GridConfig = z.infer<typeof gridSchema>;
export type ConfigPart = z.infer<typeof part>;
export type CellLabels = z.infer<typeof labels>;
