import { z } from 'zod';
import type { EvaluationSettings, TrainingSettings } from '../config/schema.js';
import type { BenchmarkData, EvaluationSet } from '../contracts/benchmark.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import { encodeItem } from '../evaluation/encode-item.js';
import { lackingFor } from '../evaluation/set-metric.js';
import type { LengthLimits } from '../text/limits.js';
import { shotGroups } from '../text/prompts.js';
import { refuseEqualNames, taskName } from '../text/task-names.js';
import { assertExamples } from '../training/task-data.js';

const names = z
  .object({
    tasks: z.array(z.object({ name: taskName })),
    heldOut: z.array(z.object({ name: taskName })),
  })
  .superRefine(refuseEqualNames);

/**
 * Checks what names files and columns, and that nothing is empty that is trained on or scored, whichever benchmark it came from.
 * @throws PalimpsestError CONFIG_VALUE, DATA_EMPTY
 */
export function checkData(data: BenchmarkData, benchmark: string, evaluation: EvaluationSettings): void {
  const own = `benchmark "${benchmark}"`;
  const { error } = names.safeParse(data);
  if (error) {
    const [{ path, message }] = error.issues;
    const where = `${own}, ${path.join('.')}`;
    throw problem('CONFIG_VALUE', { where, expected: message.replace(/^expected /, '') });
  }
  if (data.tasks.length + data.heldOut.length === 0) throw empty(own, 'a task or a held-out set');
  for (const task of data.tasks) assertExamples(task);
  for (const set of scoredSets(data)) {
    if (set.items.length === 0) throw empty(`set "${set.name}"`, 'at least one item');
    checkMetric(set);
    checkShots(set, evaluation);
  }
}

/** Refuses a set whose own metric cannot be measured of its items. */
function checkMetric(set: EvaluationSet): void {
  const expected = lackingFor(set);
  if (expected) throw problem('CONFIG_VALUE', { where: `set "${set.name}", metric "${set.metric}"`, expected });
}

/** Refuses a set that is to be scored and has no demonstrations for any number of shots that is asked for. */
function checkShots(set: EvaluationSet, evaluation: EvaluationSettings): void {
  if (evaluation.after === 'never' || shotsFor(set, evaluation).length > 0) return;
  const remedy = 'Give the set demonstrations, add 0 to `evaluation.shots`, or leave the set out.';
  throw empty(`set "${set.name}"`, `demonstrations for ${evaluation.shots.join(', ')} shots`, remedy);
}

const empty = (where: string, expected: string, remedy?: string) =>
  problem('DATA_EMPTY', { where, expected, got: 'none', remedy });

/** Everything that is scored: the tasks' tests in their order, then the held-out sets. A test goes by its task's name. */
export function scoredSets({ tasks, heldOut }: BenchmarkData): EvaluationSet[] {
  return [...tasks.flatMap(({ name, test }) => (test ? [{ ...test, name }] : [])), ...heldOut];
}

/** What is held against the lengths of items. */
export interface LengthSettings {
  readonly training: TrainingSettings;
  readonly evaluation: EvaluationSettings;
  /** Of the model. */
  readonly maxPositions: number;
}

/** How long what is scored may be. */
export function scoredLimits({ training, evaluation }: Omit<LengthSettings, 'maxPositions'>): LengthLimits {
  const { maxInputTokens, maxOutputTokens, overflow } = training;
  return { maxInputTokens: evaluation.maxInputTokens ?? maxInputTokens, maxOutputTokens, overflow };
}

/** Where nothing may be cut, finds what is too long before anything is trained. @throws PalimpsestError DATA_TOO_LONG */
export function checkLengths(
  data: BenchmarkData,
  tokenizer: Tokenizer,
  { training, evaluation, maxPositions }: LengthSettings,
): void {
  if (training.overflow !== 'refuse' || evaluation.after === 'never') return;
  const limits = scoredLimits({ training, evaluation });
  for (const set of scoredSets(data)) {
    for (const shots of shotsFor(set, evaluation)) {
      for (const { prefix, items } of shotGroups(set, shots)) {
        for (const index of items) {
          const where = set.items[index].where ?? `set "${set.name}", item ${index + 1}`;
          encodeItem(set.items[index], { prefix, tokenizer, limits, maxPositions, where });
        }
      }
    }
  }
}

/** The numbers of shots that a set is scored with: those with demonstrations only where it has some. */
export function shotsFor({ demonstrations }: EvaluationSet, { shots }: EvaluationSettings): number[] {
  return [...new Set(shots)].filter((count) => count === 0 || demonstrations.length > 0);
}
