import type { ModelView } from '../../contracts/model-view.js';
import { problem } from '../../errors.js';
import type { HeadVectors } from '../../vectors/head-edits.js';
import { type Head, headsOf } from '../../vectors/heads.js';
import { type TaskActivations, taskActivations } from '../../vectors/task-activations.js';
import { activationsAt, readVectorFile, type VectorFile } from '../../vectors/vector-file.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { maxTokens, tell, type VectorBench } from './bench.js';
import type { MeasureOptions } from './options.js';
import { warnOfOtherModel } from './other-model.js';

/** How a task's mean activations were measured. */
export type Measurement = Omit<TaskActivations, 'values'>;

/** Mean activations of all heads on a task. @throws PalimpsestError DATA_EMPTY where no prompt can be made of its samples */
export function measure(
  bench: Pick<VectorBench, 'model' | 'tokenizer' | 'random'>,
  { name, pool }: VectorTask,
  options: MeasureOptions,
): TaskActivations {
  const { model, tokenizer, random } = bench;
  const { shots, clean: prompts, demonstrationSets, minCorrect } = options;
  const limits = { shots, prompts, demonstrationSets, minCorrect, maxTokens: maxTokens(bench, options) };
  const stream = random.stream(`vectors/${name}/prompts`);
  const measured = taskActivations(model, pool, { heads: headsOf(model.sizes), ...limits }, { tokenizer, stream });
  if (!measured) {
    throw problem('DATA_EMPTY', {
      where: `task "${name}"`,
      expected: `samples for prompts of at most ${limits.maxTokens} tokens, and questions that are no demonstrations`,
      got: `${pool.length} samples, of which no prompt could be made`,
      remedy: 'Give more or shorter samples.',
    });
  }
  const { correct, correctOnly } = measured;
  const over = correctOnly ? 'these' : 'all, since these are too few';
  tell(`${name}: ${correct} of ${measured.prompts} prompts answered right; mean activations are over ${over}`);
  return measured;
}

/** Mean activations of tasks: those of the file that `--activations` names, or measured, once for each task. */
export class ActivationSource {
  private readonly measured = new Map<string, TaskActivations>();

  private constructor(
    private readonly bench: VectorBench,
    private readonly options: MeasureOptions,
    private readonly file?: VectorFile,
  ) {}

  /** @throws PalimpsestError MODEL_FILE, TENSOR_INVALID where the file lacks a task */
  static async open(
    bench: VectorBench,
    tasks: readonly VectorTask[],
    options: MeasureOptions & { activations?: string },
  ): Promise<ActivationSource> {
    const { activations } = options;
    if (activations !== undefined) await warnOfOtherModel(activations, `${activations}.json`, options.model);
    const file = activations === undefined ? undefined : await readVectorFile(activations, bench.model.sizes, tasks);
    return new ActivationSource(bench, options, file);
  }

  /** Of all heads [L, H, d_h]. */
  all(task: VectorTask): Float32Array {
    if (this.file) return this.file.of(task.name, headsOf(this.bench.model.sizes));
    const known = this.measured.get(task.name) ?? measure(this.bench, task, this.options);
    this.measured.set(task.name, known);
    return known.values;
  }

  /** Of some heads. */
  of(task: VectorTask, heads: readonly Head[]): HeadVectors {
    return { heads, values: activationsAt(this.all(task), heads, this.bench.model.sizes) };
  }

  /** Of some heads, as the model is now; never those of the file. */
  now(model: ModelView, task: VectorTask, heads: readonly Head[]): { vectors: HeadVectors; measured: Measurement } {
    const { values, ...measured } = measure({ ...this.bench, model }, task, this.options);
    return { vectors: { heads, values: activationsAt(values, heads, model.sizes) }, measured };
  }

  /** By task, where they were measured. */
  get measurements(): Record<string, Omit<Measurement, 'made'>> {
    return Object.fromEntries([...this.measured].map(([name, one]) => [name, counts(one)]));
  }
}

/** Without values and prompts. */
export function counts({ prompts, correct, correctOnly }: Measurement): Omit<Measurement, 'made'> {
  return { prompts, correct, correctOnly };
}
