import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { ModelView } from '../../contracts/model-view.js';
import { problem } from '../../errors.js';
import { modelView } from '../../training/additions.js';
import { readPeftPairs } from '../../weights/peft.js';
import { additionsOfPairs } from '../../weights/peft-additions.js';
import { readJson } from '../json-file.js';
import type { VectorBench } from './bench.js';
import { identityOf, modelIdentity, sameFiles } from './model-identity.js';

/** A model as it came (`Init`), or as a run had trained it after one of its tasks. */
export interface TrainedState {
  readonly name: string;
  /** PEFT folders, whose additions add up. */
  readonly adapters: readonly string[];
}

const INIT = 'Init';
const inputs = z.object({ model: modelIdentity });
const summary = z.object({ tasks: z.array(z.object({ task: z.string() })).min(1) });
const config = z.object({ adapter: z.object({ growth: z.string().optional() }) });

/**
 * The states of a run in their order: every task's adapter on top of the earlier ones, or in place of them where one pair
 * lasts over the run (`growth: single`).
 * @param base PEFT folders that are on in every state
 * @throws PalimpsestError INPUT_FILE for a folder that holds no finished run of one adapter
 */
export async function statesOf(run: string, base: readonly string[]): Promise<TrainedState[]> {
  const { tasks } = await jsonOf(run, 'summary.json', summary);
  const { adapter } = await jsonOf(run, 'config.json', config);
  const folders = tasks.map(({ task }) => path.join(run, 'adapters', task));
  const missing = folders.find((folder) => !existsSync(path.join(folder, 'adapter_config.json')));
  if (missing) {
    throw problem('INPUT_FILE', {
      where: missing,
      expected: "every task's adapter",
      got: 'none',
      remedy: 'Give a finished run.',
    });
  }
  const upTo = (t: number) => [...base, ...(adapter.growth === 'single' ? [folders[t]] : folders.slice(0, t + 1))];
  return [{ name: INIT, adapters: base }, ...tasks.map(({ task }, t) => ({ name: task, adapters: upTo(t) }))];
}

function jsonOf<T>(run: string, name: string, schema: z.ZodType<T>): Promise<T> {
  return readJson(path.join(run, name), schema, 'the folder of a finished run of one adapter');
}

/** Refuses a run of other weights. @throws PalimpsestError INPUT_FILE */
export async function assertModelOf(run: string, model: string): Promise<void> {
  const trained = (await jsonOf(run, 'inputs.json', inputs)).model;
  if (sameFiles(trained, await identityOf(model))) return;
  throw problem('INPUT_FILE', {
    where: path.join(run, 'inputs.json'),
    expected: `a run of the model that --model names, ${model}`,
    got: `one of ${trained.reference}, whose files are others`,
    remedy: `Give --model ${trained.reference}.`,
  });
}

/** Puts a state's adapters on the model for as long as `use` runs. @throws PalimpsestError ADAPTER_INVALID */
export async function withState<R>(
  { loaded }: VectorBench,
  { adapters }: TrainedState,
  use: (model: ModelView) => R,
): Promise<R> {
  const { backbone } = loaded;
  const pairs = await readPeftPairs(adapters);
  const { additions, dispose } = additionsOfPairs(pairs, backbone.linearSites, adapters.join(' + '));
  try {
    return use(modelView(backbone, additions));
  } finally {
    dispose();
  }
}
