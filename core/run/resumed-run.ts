import { existsSync, readFileSync } from 'node:fs';
import type { RunConfig } from '../config/schema.js';
import type { StepRecord } from '../contracts/observer.js';
import { problem } from '../errors.js';
import { firstDifference } from '../json-difference.js';
import type { Logger } from '../logger.js';
import { jsonLinesOf } from './json-lines.js';
import type { RunDirectory } from './run-directory.js';

/** Files that a run writes before it counts as begun. */
export const beginnings: readonly string[] = ['environment.json', 'inputs.json', 'config.json.tmp'];

/** What a directory holds of a run. */
export type RunState = 'none' | 'begun' | 'over';

/** Whether a directory holds a run that was begun, and one that is over. */
export function runStateOf(directory: RunDirectory): RunState {
  if (!existsSync(directory.path('config.json'))) return 'none';
  return directory.isOver() ? 'over' : 'begun';
}

/** What may change without changing what the run computes. */
function computed({ engine: _, checkpoint: __, training, ...config }: RunConfig): object {
  const { allowIdle: ___, ...settings } = training;
  return { ...config, training: settings };
}

/** Refuses another config than the run began with. @throws PalimpsestError CHECKPOINT_INVALID naming what differs */
export function assertSameConfig(directory: RunDirectory, config: RunConfig): void {
  const file = directory.path('config.json');
  assertSame(file, computed(readJson(file) as RunConfig), computed(config));
}

/** Refuses another model or other files than the run began with. @throws PalimpsestError CHECKPOINT_INVALID naming what differs */
export function assertSameInputs(
  directory: RunDirectory,
  now: { readonly environment: object; readonly inputs: object },
  logger: Logger,
): void {
  const file = directory.path('inputs.json');
  assertSame(file, readJson(file), now.inputs);
  const engine = (value: unknown) => (value as { engine?: string }).engine;
  const [before, after] = [engine(readJson(directory.path('environment.json'))), engine(now.environment)];
  if (before !== after) logger.warn(`the run began on the ${before} engine and goes on on ${after}: losses may differ`);
}

/** Takes back the records of steps after a checkpoint; gives those before it. */
export function rewindMetrics(directory: RunDirectory, step: number): StepRecord[] {
  const kept = jsonLinesOf<StepRecord>(directory.path('metrics.jsonl')).filter((record) => record.step <= step);
  directory.writeJsonLines('metrics.jsonl', kept);
  return kept;
}

function assertSame(file: string, before: unknown, now: object): void {
  const difference = firstDifference(before, JSON.parse(JSON.stringify(now)));
  if (!difference) return;
  const { place, before: expected, after: got } = difference;
  throw problem('CHECKPOINT_INVALID', {
    where: `${file}, ${place}`,
    expected: `${expected}, as the run began`,
    got: `${got} now`,
  });
}

/** @throws PalimpsestError CHECKPOINT_INVALID */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw problem('CHECKPOINT_INVALID', { where: file, expected: 'JSON', got: (error as Error).message });
  }
}
