import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import type { ModelSizes } from '../../contracts/backbone.js';
import { problem } from '../../errors.js';
import { heatMap } from '../../report/charts.js';
import { writeActivations } from '../../vectors/activation-file.js';
import { tracePrompt } from '../../vectors/causal-trace.js';
import { bootstrapInterval, effectsOf, meanEffects, topHeads } from '../../vectors/head-effects.js';
import { headsOf } from '../../vectors/heads.js';
import { meanActivations } from '../../vectors/mean-activations.js';
import { assertWritable, writeText } from '../jsonl.js';
import { provenanceOf, readTasks, type VectorBench, withBench } from './bench.js';
import { type Traced, traceTasks } from './head-sets.js';
import { addMeasuring, addModelChoice, addTasks, addTracing, type TraceOptions } from './options.js';

interface Options extends TraceOptions {
  /** A file of explicit prompts in place of tasks. */
  readonly prompts?: string;
  readonly picture?: string;
}

const tokens = z.array(z.number().int().min(0)).min(1);
const promptFile = z.object({
  clean: z.array(z.object({ tokens })).min(1),
  trials: z.array(z.object({ tokens, target: z.union([z.number().int().min(0), tokens]) })).min(1),
});
type PromptFile = z.infer<typeof promptFile>;

/** Name of explicit prompts. */
const GIVEN = 'prompts';
const RESAMPLES = 1000;

/** `palimpsest vectors trace`: the causal effect of every head. */
export function traceCommand(): Command {
  const command = new Command('trace').description('Trace the causal effect of every head on the answers of tasks.');
  addModelChoice(command, 'JSON to write (default: standard output); mean activations go beside it as safetensors');
  addMeasuring(addTasks(command));
  addTracing(command)
    .option(
      '--prompts <file>',
      'JSON of explicit prompts in place of tasks: {"clean": [{"tokens"}, ...], "trials": [{"tokens", "target"}, ...]}',
    )
    .option('--picture <file>', 'SVG of the effects by layer and head');
  return command.action(trace);
}

async function trace(options: Options): Promise<void> {
  const given = options.prompts === undefined ? undefined : await readPrompts(options.prompts);
  const read = given ? undefined : await readTasks(options);
  for (const file of [options.out, options.picture]) await assertWritable(file);
  await withBench(options, async (bench) => {
    const { sizes } = bench.model;
    const traced = given ? traceGiven(bench, given, options) : traceTasks(bench, read?.tasks ?? [], options);
    const effects = meanEffects(traced.tasks);
    const stream = bench.random.stream('vectors/bootstrap');
    const interval = bootstrapInterval(traced.tasks, { resamples: RESAMPLES, level: 0.95, stream });
    const provenance = {
      ...(await provenanceOf(options)),
      data: read?.files ?? [],
      effect: options.effect,
      answer: options.answer,
    };
    const means = options.out && `${options.out.replace(/\.json$/, '')}.activations.safetensors`;
    if (means) await writeActivations(means, traced.means, { sizes, provenance });
    const matrix = (values: Float64Array) => byLayer(values, sizes);
    const result = {
      effects: matrix(effects),
      interval: { level: 0.95, low: matrix(interval.low), high: matrix(interval.high) },
      perTrial: traced.tasks.flatMap(({ perTrial }) => perTrial.map(matrix)),
      perTask: Object.fromEntries(traced.tasks.map((task) => [task.task, matrix(meanEffects([task]))])),
      meanActivations: means,
      top: topHeads(effects, sizes, options.top),
      provenance,
    };
    await writeText(options.out, `${JSON.stringify(result)}\n`);
    if (options.picture) {
      const title = `Mean change of the answer's ${options.effect} by head`;
      await writeText(
        options.picture,
        await heatMap({ title, rows: 'head', columns: 'layer', values: result.effects }),
      );
    }
  });
}

function traceGiven({ model, pad }: VectorBench, { clean, trials }: PromptFile, options: Options): Traced {
  const prompts = clean.map(({ tokens }) => ({ tokens, answer: [0] }));
  const { values } = meanActivations(model, prompts, {
    heads: headsOf(model.sizes),
    minCorrect: Number.POSITIVE_INFINITY,
    pad,
  });
  const perTrial = trials.map(({ tokens, target }) => {
    const answer = typeof target === 'number' ? [target] : target;
    return effectsOf(tracePrompt(model, { tokens, answer }, { means: values, answer: options.answer }), options.effect);
  });
  return { tasks: [{ task: GIVEN, perTrial }], means: new Map([[GIVEN, values]]) };
}

async function readPrompts(file: string): Promise<PromptFile> {
  const refuse = (got: string) =>
    problem('INPUT_FILE', {
      where: file,
      expected: '{"clean": [{"tokens"}, ...], "trials": [{"tokens", "target"}, ...]}',
      got,
    });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code ?? error.message);
  });
  try {
    return promptFile.parse(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw refuse((error as Error).message);
    const [{ path, message }] = error.issues;
    throw refuse(`${path.join('.')}: ${message}`);
  }
}

/** [L][H] */
function byLayer(values: Float64Array, { layers, heads }: ModelSizes): number[][] {
  return Array.from({ length: layers }, (_, layer) => [...values.subarray(layer * heads, (layer + 1) * heads)]);
}
