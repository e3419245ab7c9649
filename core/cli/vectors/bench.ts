import path from 'node:path';
import type { ModelView } from '../../contracts/model-view.js';
import type { Tokenizer } from '../../contracts/tokenizer.js';
import { currentEngine } from '../../engine/engine.js';
import { PalimpsestError, problem } from '../../errors.js';
import type { Model } from '../../evaluation/model.js';
import { environment } from '../../run/environment.js';
import { DataReader } from '../../text/data-reader.js';
import { distinctNames, taskName } from '../../text/task-names.js';
import { modelView } from '../../training/additions.js';
import { type RandomSource, seededRandom } from '../../training/random.js';
import { readVectorTask, type VectorTask } from '../../vectors/vector-task.js';
import { sha256Of } from '../../weights/checksum.js';
import { withModel } from '../loaded-model.js';
import { identityOf } from './model-identity.js';
import type { QueryOptions, TaskOptions, VectorOptions } from './options.js';

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

/** Tells on standard error what goes on. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Longest prompt of a model in tokens. */
export function maxTokens({ model }: Pick<VectorBench, 'model'>, { promptTokens }: TaskOptions): number {
  return Math.min(promptTokens, model.sizes.maxPositions);
}

/** The tasks that the options name. @throws PalimpsestError USAGE, INPUT_FILE, DATA_LINE, DATA_EMPTY */
export async function readTasks(options: TaskOptions & Partial<QueryOptions>): Promise<VectorTask[]> {
  const { data, instruction, queries = 1, seed } = options;
  checkNames(data);
  const reader = new DataReader('.');
  const tasks: VectorTask[] = [];
  for (const file of data) {
    tasks.push(
      await readVectorTask(reader, file, { instruction, queries, random: seededRandom(seed) }).catch(
        (error: unknown) => {
          if (!(error instanceof PalimpsestError) || error.code !== 'DATA_FILE') throw error;
          throw problem('INPUT_FILE', { ...error.details, remedy: 'Check the path that --data names.' });
        },
      ),
    );
  }
  for (const { name, pool } of tasks) {
    if (pool.length <= options.shots)
      tell(`warning: ${name}: ${pool.length} samples, so prompts have at most ${pool.length - 1} demonstrations`);
  }
  return tasks;
}

function checkNames(data: readonly string[]): void {
  const refuse = (got: string) => problem('USAGE', { expected: '--data FILE..., each of another name', got });
  if (data.length === 0) throw refuse('none');
  const names = data.map((file) => path.parse(file).name);
  const odd = names.find((name) => !taskName.safeParse(name).success);
  if (odd !== undefined) throw refuse(`"${odd}", which cannot be the name of a task`);
  if (!distinctNames(names)) throw refuse(`two called "${names.find((name, i) => names.indexOf(name) < i)}"`);
}

/** All that it takes to have a result again: versions, model, adapters, options, and SHA-256 of the files that were read. */
export async function provenanceOf(
  options: VectorOptions,
  files: readonly (string | undefined)[] = [],
): Promise<object> {
  const { model, adapter } = options;
  const weights = adapter.map((folder) => path.join(folder, 'adapter_model.safetensors'));
  const read: object[] = [];
  for (const file of [...weights, ...files]) {
    if (file !== undefined) read.push({ path: file, sha256: await sha256Of(file) });
  }
  return { model: await identityOf(model), options, files: read, environment: environment(currentEngine()) };
}
