import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import type { HeadVectors } from '../../vectors/head-edits.js';
import { meanEffects, type TaskEffects, topHeads } from '../../vectors/head-effects.js';
import { type Head, headPresets, readHeads } from '../../vectors/heads.js';
import { traceTask } from '../../vectors/trace-task.js';
import { activationsAt, readVectorFile, type VectorFile } from '../../vectors/vector-file.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { measure, type VectorBench } from './bench.js';
import type { MeasureOptions, TraceOptions } from './options.js';

/** Options of whoever uses heads' mean activations. */
export interface HeadOptions extends TraceOptions {
  readonly heads: string;
  readonly activations?: string;
}

/** What was traced, and the mean activations that it was traced with, by task. */
export interface Traced {
  readonly tasks: readonly TaskEffects[];
  readonly means: ReadonlyMap<string, Float32Array>;
}

/** Traces all heads on every task, by the task's own mean activations. */
export function traceTasks(bench: VectorBench, tasks: readonly VectorTask[], options: TraceOptions): Traced {
  const means = new Map(tasks.map((task) => [task.name, measure(bench, task, options).values]));
  const traced = tasks.map(({ name, pool }): TaskEffects => {
    const own = { samples: pool, means: means.get(name) as Float32Array };
    const settings = { ...options, measure: options.effect, maxTokens: bench.model.sizes.maxPositions };
    const stream = bench.random.stream(`vectors/${name}/trials`);
    return { task: name, perTrial: traceTask(bench.model, own, settings, { tokenizer: bench.tokenizer, stream }) };
  });
  return { tasks: traced, means };
}

/**
 * The heads that `--heads` names: a preset, a file, or those of the largest effect on the tasks.
 * @throws PalimpsestError CONFIG_VALUE, DATA_LINE
 */
export async function headSet(bench: VectorBench, tasks: readonly VectorTask[], options: HeadOptions): Promise<Head[]> {
  const { heads: given, model, top } = options;
  const { sizes } = bench.model;
  if (given === 'traced') {
    const effects = meanEffects(traceTasks(bench, tasks, options).tasks);
    return topHeads(effects, sizes, top).map(([layer, head]): Head => [layer, head]);
  }
  return readHeads(existsSync(given) ? path.resolve(given) : given, { sizes, name: model }, '--heads');
}

/** Mean activations of tasks: those of the file that `--activations` names, or measured. */
export class ActivationSource {
  private constructor(
    private readonly bench: VectorBench,
    private readonly options: MeasureOptions,
    private readonly file?: VectorFile,
  ) {}

  /** @throws PalimpsestError MODEL_FILE, TENSOR_INVALID where the file lacks a task */
  static async open(bench: VectorBench, tasks: readonly VectorTask[], options: HeadOptions): Promise<ActivationSource> {
    const { activations } = options;
    const file = activations === undefined ? undefined : await readVectorFile(activations, bench.model.sizes, tasks);
    return new ActivationSource(bench, options, file);
  }

  /** Of the heads on a task, seen by a model. */
  of(task: VectorTask, heads: readonly Head[], model = this.bench.model): HeadVectors {
    if (this.file) return { heads, values: this.file.of(task.name, heads) };
    return {
      heads,
      values: activationsAt(measure({ ...this.bench, model }, task, this.options).values, heads, model.sizes),
    };
  }
}

/** Adds --heads and --activations. */
export function addHeads(command: Command): Command {
  return command
    .option(
      '--heads <set>',
      `preset (that of the model), ${Object.keys(headPresets).join(', ')}, a JSON file, or traced`,
      'preset',
    )
    .option('--activations <file>', 'safetensors of `vectors activations` in place of measuring');
}
