import type { EvaluationSet, TextExample } from '../contracts/benchmark.js';

/** Items of a set whose N-shot prompts begin with the same demonstrations. */
export interface ShotGroup {
  /** The demonstrations' text; empty for zero-shot. */
  readonly prefix: string;
  /** Indices into the set's items, ascending. */
  readonly items: number[];
}

/**
 * The first `shots` demonstrations that do not have the item's own prompt (its answer would be given away); the next ones
 * take the place of those left out. Fewer where there are not enough.
 */
export function demonstrationsFor(
  demonstrations: readonly TextExample[],
  item: TextExample,
  shots: number,
): TextExample[] {
  return demonstrations.filter((demonstration) => demonstration.prompt !== item.prompt).slice(0, shots);
}

/** Worked examples as text: prompt, answer and a blank line each. An N-shot prompt is this and the query's prompt. */
export function demonstrationText(demonstrations: readonly TextExample[]): string {
  return demonstrations.map(({ prompt, answer }) => `${prompt}${answer}\n\n`).join('');
}

/**
 * A set's items by the demonstrations before them, so that each group's prefix runs once. Tokens may span the border:
 * encode `prefix + prompt` as one text and share what the token rows have in common.
 */
export function shotGroups(set: EvaluationSet, shots: number): ShotGroup[] {
  const groups = new Map<string, ShotGroup>();
  set.items.forEach((item, index) => {
    const prefix = demonstrationText(demonstrationsFor(set.demonstrations, item, shots));
    const group = groups.get(prefix) ?? { prefix, items: [] };
    group.items.push(index);
    groups.set(prefix, group);
  });
  return [...groups.values()];
}
