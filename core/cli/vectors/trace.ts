import { Command } from 'commander';
import type { ModelSizes } from '../../contracts/backbone.js';
import { problem } from '../../errors.js';
import { heatMap } from '../../report/charts.js';
import { writeActivations } from '../../vectors/activation-file.js';
import { tracePrompt } from '../../vectors/causal-trace.js';
import { bootstrapInterval, effectsOf, meanEffects, type TaskEffects, topHeads } from '../../vectors/head-effects.js';
import { headsOf } from '../../vectors/heads.js';
import { meanActivations } from '../../vectors/mean-activations.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { ActivationSource } from './activation-source.js';
import { provenanceOf, readTasks, type VectorBench, withBench } from './bench.js';
import { traceTasks } from './head-sets.js';
import { addMeasuring, addModelChoice, addTasks, addTracing, type TraceOptions } from './options.js';
import { assertOutputs, isFile, writeResult } from './outputs.js';
import { type PromptFile, readPromptFile } from './prompt-file.js';

interface Options extends TraceOptions {
  /** A file of explicit prompts in place of tasks. */
  readonly prompts?: string;
  readonly picture?: string;
}

/** What was traced, and by which mean activations [L, H, d_h]. */
interface Traced {
  readonly tasks: readonly TaskEffects[];
  readonly means: ReadonlyMap<string, Float32Array>;
  readonly measured: object;
}

/** Name of explicit prompts. */
const GIVEN = 'prompts';
const BOOTSTRAP = { resamples: 1000, level: 0.95 };

/** `palimpsest vectors trace`: the causal effect of every head. */
export function traceCommand(): Command {
  const command = new Command('trace').description('Trace the causal effect of every head on the answers of tasks.');
  addModelChoice(command, 'JSON to write (default: standard output); mean activations go into FILE.safetensors');
  addTracing(addMeasuring(addTasks(command)))
    .option(
      '--prompts <file>',
      'JSON of explicit prompts in place of tasks: {"clean": [{"tokens"}], "trials": [{"tokens", "target"}]}',
    )
    .option('--picture <file>', 'SVG of the effects by layer and head');
  return command.action(trace);
}

async function trace(options: Options): Promise<void> {
  const { prompts, data, out, picture } = options;
  if (prompts !== undefined && data.length > 0)
    throw problem('USAGE', { expected: '--prompts or --data', got: 'both' });
  const given = prompts === undefined ? await readTasks(options) : await readPromptFile(prompts);
  await assertOutputs([out, picture], [...data, prompts]);
  await withBench(options, async (bench) => {
    const traced = Array.isArray(given)
      ? await traceGivenTasks(bench, given, options)
      : tracePrompts(bench, given, options);
    const activations = (await isFile(out)) ? `${out}.safetensors` : undefined;
    const provenance = await provenanceOf(options, [...data, prompts]);
    const result = {
      ...resultOf(bench, traced, options),
      meanActivations: activations,
      measured: traced.measured,
      provenance,
    };
    const title = `Mean change of the answer's ${options.effect} by head`;
    const draw = () => heatMap({ title, rows: 'head', columns: 'layer', values: result.effects });
    await writeResult(result, { out, pictures: new Map([[picture, draw]]) });
    if (activations) await writeActivations(activations, traced.means, { sizes: bench.model.sizes, provenance });
  });
}

/** Every task by its own mean activations. */
async function traceGivenTasks(bench: VectorBench, tasks: readonly VectorTask[], options: Options): Promise<Traced> {
  const source = await ActivationSource.open(bench, tasks, options);
  const traced = traceTasks(bench, { tasks, source }, options);
  const means = new Map(tasks.map((task) => [task.name, source.all(task)]));
  return { tasks: traced, means, measured: source.measurements };
}

/** Explicit prompts, by the mean over all clean ones. */
function tracePrompts(
  { model, pad }: VectorBench,
  { clean, trials }: PromptFile,
  { answer: part, effect }: Options,
): Traced {
  const prompts = clean.map(({ tokens }) => ({ tokens, answer: [0] }));
  const all = { heads: headsOf(model.sizes), minCorrect: Number.POSITIVE_INFINITY, pad };
  const { values } = meanActivations(model, prompts, all);
  const perTrial = trials.map(({ tokens, target }) => {
    const answer = typeof target === 'number' ? [target] : target;
    return effectsOf(tracePrompt(model, { tokens, answer }, { means: values, answer: part }), effect);
  });
  return { tasks: [{ task: GIVEN, perTrial }], means: new Map([[GIVEN, values]]), measured: {} };
}

function resultOf({ model, random }: VectorBench, { tasks }: Traced, { top }: Options) {
  const { sizes } = model;
  const effects = meanEffects(tasks);
  const { low, high } = bootstrapInterval(tasks, { ...BOOTSTRAP, stream: random.stream('vectors/bootstrap') });
  return {
    effects: byLayer(effects, sizes),
    interval: { level: BOOTSTRAP.level, low: byLayer(low, sizes), high: byLayer(high, sizes) },
    top: topHeads(effects, sizes, top),
    perTask: Object.fromEntries(tasks.map((task) => [task.task, byLayer(meanEffects([task]), sizes)])),
    perTrial: tasks.flatMap(({ perTrial }) => perTrial.map((trial) => byLayer(trial, sizes))),
  };
}

/** [L][H] */
function byLayer(values: Float64Array, { layers, heads }: ModelSizes): number[][] {
  return Array.from({ length: layers }, (_, layer) => [...values.subarray(layer * heads, (layer + 1) * heads)]);
}
