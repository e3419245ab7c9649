import type { EvaluationSettings } from '../config/schema.js';
import type { BenchmarkData, Example, Task, TextExample } from '../contracts/benchmark.js';
import { overlapping, shareOf } from '../text/overlap.js';
import { scoredSets } from './check-data.js';

/**
 * What a user should know of data before they are used, a line each: what the benchmark noticed, prompts that are in two parts
 * of a task, and sets with fewer demonstrations than are asked for.
 */
export function dataWarnings(data: BenchmarkData, evaluation: EvaluationSettings): string[] {
  return [...(data.notices ?? []), ...data.tasks.flatMap(overlapsOf), ...fewDemonstrations(data, evaluation)];
}

function overlapsOf({ name, train, test, validation = [] }: Task): string[] {
  const items = test?.items ?? [];
  const told = (share: TextExample[], samples: readonly TextExample[], what: string, other: string) =>
    share.length > 0 ? [`${name}: ${shareOf(share.length, samples.length, what)} in ${other} as well`] : [];
  return [
    ...told(trainedToo(items, train), items, 'test prompts', 'train'),
    ...told(overlapping(validation, items), validation, 'validation prompts', 'test'),
    ...told(overlapping(validation, train), validation, 'validation prompts', 'train'),
  ];
}

/** Items whose prompts are trained; but not where they are the same lines, of a file that the config names for both. */
function trainedToo(items: readonly TextExample[], train: readonly Example[]): TextExample[] {
  const lines = new Set(train.map(({ where }) => where));
  return overlapping(items, train).filter(({ where }) => where === undefined || !lines.has(where));
}

function fewDemonstrations(data: BenchmarkData, { after, shots }: EvaluationSettings): string[] {
  if (after === 'never') return [];
  return [...new Set(shots)].flatMap((asked) => {
    const few = scoredSets(data).filter(({ demonstrations: { length } }) => length > 0 && length < asked);
    const there = few.map(({ name, demonstrations }) => `${name} has ${demonstrations.length}`);
    return few.length > 0 ? [`evaluation.shots asks for ${asked} demonstrations: ${there.join(', ')}`] : [];
  });
}
