import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { meanEffects, type RankedHead, type TaskEffects, topHeads } from '../../vectors/head-effects.js';
import { type Head, headPresets, readHeads } from '../../vectors/heads.js';
import { traceTask } from '../../vectors/trace-task.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import type { ActivationSource } from './activation-source.js';
import { maxTokens, tell, type VectorBench } from './bench.js';
import { addTracing, type TraceOptions } from './options.js';
import { warnOfOtherModel } from './other-model.js';

/** Options of whoever uses heads' mean activations. */
export interface HeadOptions extends TraceOptions {
  readonly heads: string;
  readonly activations?: string;
}

/** Adds --heads, and what tracing them takes. */
export function addHeads(command: Command): Command {
  const sets = `preset (that of the model), ${Object.keys(headPresets).join(', ')}, a JSON file, or traced`;
  return addTracing(command.option('--heads <set>', sets, 'preset'), 'with --heads traced: ');
}

/** Adds --activations. */
export function addActivations(command: Command): Command {
  return command.option('--activations <file>', 'safetensors of `vectors activations` in place of measuring');
}

/** Traces all heads on every task, by the task's own mean activations. @throws PalimpsestError DATA_EMPTY */
export function traceTasks(
  bench: VectorBench,
  { tasks, source }: { tasks: readonly VectorTask[]; source: ActivationSource },
  options: TraceOptions,
): TaskEffects[] {
  const { trials, shots, effect: measure, answer } = options;
  const settings = { trials, shots, measure, answer, maxTokens: maxTokens(bench, options) };
  return tasks.map((task): TaskEffects => {
    const { name, pool: samples } = task;
    const means = source.all(task);
    tell(`${name}: tracing all heads on ${trials} prompts`);
    const tools = { tokenizer: bench.tokenizer, stream: bench.random.stream(`vectors/${name}/trials`) };
    return { task: name, perTrial: traceTask(bench.model, { task: name, samples, means }, settings, tools) };
  });
}

/** Heads, and where they were traced their effects, the largest first. */
export interface HeadSet {
  readonly heads: readonly Head[];
  readonly traced?: readonly RankedHead[];
}

/**
 * The heads that `--heads` names: a preset, a file, or those of the largest effect on the tasks.
 * @throws PalimpsestError CONFIG_VALUE, DATA_LINE, DATA_EMPTY
 */
export async function headSet(
  bench: VectorBench,
  given: { tasks: readonly VectorTask[]; source: ActivationSource },
  options: HeadOptions,
): Promise<HeadSet> {
  const { heads, model, top } = options;
  const { sizes } = bench.model;
  if (heads === 'traced') {
    const traced = topHeads(meanEffects(traceTasks(bench, given, options)), sizes, top);
    return { heads: traced.map(([layer, head]): Head => [layer, head]), traced };
  }
  const file = headFile(options);
  if (file) await warnOfOtherModel(file, file, model);
  return { heads: await readHeads(file ?? heads, { sizes, name: model }, '--heads') };
}

/** The absolute path of `--heads`, where it is a file. */
export function headFile({ heads }: HeadOptions): string | undefined {
  return existsSync(heads) ? path.resolve(heads) : undefined;
}
