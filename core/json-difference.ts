/** Where two JSON values differ, and how. */
export interface JsonDifference {
  /** Keys joined by dots. */
  readonly place: string;
  readonly before: string;
  readonly after: string;
}

/** The first place at which two JSON values differ; undefined where they are equal. */
export function firstDifference(
  before: unknown,
  after: unknown,
  place: readonly string[] = [],
): JsonDifference | undefined {
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
