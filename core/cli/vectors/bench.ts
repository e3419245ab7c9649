import path from 'node:path';
import type { DataFile } from '../../contracts/benchmark.js';
import type { ModelView } from '../../contracts/model-view.js';
import type { Tokenizer } from '../../contracts/tokenizer.js';
import { problem } from '../../errors.js';
import type { Model } from '../../evaluation/model.js';
import { modelHashes } from '../../run/environment.js';
import { DataReader } from '../../text/data-reader.js';
import { modelView } from '../../training/additions.js';
import { type RandomSource, seededRandom } from '../../training/random.js';
import { headsOf } from '../../vectors/heads.js';
import { type TaskActivations, taskActivations } from '../../vectors/task-activations.js';
import { readVectorTask, type VectorTask } from '../../vectors/vector-task.js';
import { sha256Of } from '../../weights/checksum.js';
import { findModel } from '../../weights/model-files.js';
import { withModel } from '../loaded-model.js';
import type { MeasureOptions, TaskOptions, VectorOptions } from './options.js';

/** What a command about vectors works with. */
export interface VectorBench {
  readonly model: ModelView;
  /** The whole model, for those that put other adapters on it. */
  readonly loaded: Model;
  readonly tokenizer: Tokenizer;
  readonly random: RandomSource;
  /** Token id to pad with. */
  readonly pad: number;
}

/** Loads the model that the options name and frees it when `use` is done. */
export function withBench(options: VectorOptions, use: (bench: VectorBench) => Promise<void>): Promise<void> {
  return withModel(options, (loaded) => {
    const { backbone, tokenizer, additions } = loaded;
    const random = seededRandom(options.seed);
    return use({ model: modelView(backbone, additions), loaded, tokenizer, random, pad: tokenizer.padding });
  });
}

/** Tasks of files, and what was read. */
export interface ReadTasks {
  readonly tasks: readonly VectorTask[];
  readonly files: readonly DataFile[];
}

/** The tasks that the options name. @throws PalimpsestError USAGE, DATA_FILE, DATA_LINE, DATA_EMPTY */
export async function readTasks({ data, instruction, queries, seed }: TaskOptions): Promise<ReadTasks> {
  const refuse = (got: string) => problem('USAGE', { expected: '--data FILE..., of one name each', got });
  if (data.length === 0) throw refuse('none');
  const names = data.map((file) => path.parse(file).name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice) throw refuse(`two called "${twice}"`);
  const reader = new DataReader('.');
  const tasks: VectorTask[] = [];
  for (const file of data)
    tasks.push(await readVectorTask(reader, file, { instruction, queries, random: seededRandom(seed) }));
  return { tasks, files: reader.files() };
}

/** Mean activations of all heads on a task. @throws PalimpsestError DATA_TOO_LONG where no prompt fits the model */
export function measure(
  { model, tokenizer, random }: Pick<VectorBench, 'model' | 'tokenizer' | 'random'>,
  { name, pool }: VectorTask,
  { shots, clean, demonstrationSets, minCorrect }: MeasureOptions,
): TaskActivations {
  const maxTokens = model.sizes.maxPositions;
  const settings = { heads: headsOf(model.sizes), shots, prompts: clean, demonstrationSets, maxTokens, minCorrect };
  const measured = taskActivations(model, pool, settings, {
    tokenizer,
    stream: random.stream(`vectors/${name}/prompts`),
  });
  if (measured) return measured;
  throw problem('DATA_TOO_LONG', {
    where: name,
    expected: `prompts of at most ${maxTokens} tokens`,
    got: 'longer ones',
  });
}

/** What a result comes from: hashes of the model and its adapters, the seed, the engine. */
export async function provenanceOf({ model, adapter, seed, engine }: VectorOptions): Promise<object> {
  const files = await findModel(model);
  const adapters: object[] = [];
  for (const folder of adapter) {
    adapters.push({ path: folder, sha256: await sha256Of(path.join(folder, 'adapter_model.safetensors')) });
  }
  return { model: { reference: model, sha256: await modelHashes(files) }, adapters, seed, engine };
}
