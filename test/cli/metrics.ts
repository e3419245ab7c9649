import { join } from 'node:path';
import type { StepRecord } from '../../core/contracts/observer.js';
import { jsonLinesOf } from '../../core/run/json-lines.js';

const recordsOf = (directory: string) => jsonLinesOf<StepRecord>(join(directory, 'metrics.jsonl'));

/** Numbers of the steps that a run directory has a record of. */
export const stepsOf = (directory: string) => recordsOf(directory).map(({ step }) => step);

/** Losses of the steps of a run directory. */
export const lossesOf = (directory: string) => recordsOf(directory).map(({ loss }) => loss);
