import { existsSync, readFileSync } from 'node:fs';
import type { RunConfig } from '../config/schema.js';
import type { StepRecord } from '../contracts/observer.js';
import { problem } from '../errors.js';
import type { Logger } from '../logger.js';
import { jsonLinesOf } from './json-lines.js';
import { RunDirectory } from './run-directory.js';

/** Whether a directory holds a run that was begun, and one that is over. */
export function runStateOf(directory: RunDirectory): 'none' | 'begun' | 'over' {
  if (!existsSync(directory.path('config.json'))) return 'none';
  return existsSync(directory.path('summary.json')) ? 'over' : 'begun';
}

/** Whether a folder holds a run that is over. */
export function isFinished(folder: string): boolean {
  return runStateOf(new RunDirectory(folder)) === 'over';
}

/** What may change without changing what the run computes. */
function computed({ engine: _, checkpoint: __, training, ...config }: RunConfig): object {
  const { allowIdle: ___, keep: ____, ...settings } = training;
  return { ...config, training: settings };
}

/** Refuses to go on with another config, model or data than the run began with. @throws PalimpsestError CHECKPOINT_INVALID naming what differs */
export function assertSameRun(
  directory: RunDirectory,
  now: { readonly config: RunConfig; readonly environment: object; readonly inputs: object },
  logger: Logger,
): void {
  for (const name of ['config', 'inputs'] as const) {
    const file = directory.path(`${name}.json`);
    const compared = name === 'config' ? (config: unknown) => computed(config as RunConfig) : (same: unknown) => same;
    const difference = firstDifference(compared(readJson(file)), compared(JSON.parse(JSON.stringify(now[name]))));
    if (!difference) continue;
    const { place, before, after } = difference;
    throw problem('CHECKPOINT_INVALID', { where: `${file}, ${place}`, expected: before, got: after });
  }
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

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

interface Difference {
  readonly place: string;
  readonly before: string;
  readonly after: string;
}

/** The first place at which two JSON values differ. */
function firstDifference(before: unknown, after: unknown, place: readonly string[] = []): Difference | undefined {
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of keys) {
      const found = firstDifference(before[key], after[key], [...place, key]);
      if (found) return found;
    }
    return undefined;
  }
  if (before === after) return undefined;
  const shown = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));
  return { place: place.join('.'), before: shown(before), after: shown(after) };
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
