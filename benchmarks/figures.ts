/** The middle value; the mean of the two in the middle where there is none. NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** To four digits. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

/** Median, fastest and slowest of samples in seconds. */
export interface Spread {
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

/** @param seconds at least one */
export function spread(seconds: readonly number[]): Spread {
  return {
    median: rounded(median(seconds)),
    fastest: rounded(Math.min(...seconds)),
    slowest: rounded(Math.max(...seconds)),
  };
}

/**
 * Median, fastest and slowest of every piece of work in seconds, and the medians' ratio to one of them.
 * @param what heads the names, for example `method`
 */
export function comparison(
  samples: ReadonlyMap<string, readonly number[]>,
  what: string,
  base: string,
): (Spread & Record<string, string | number>)[] {
  const unit = median(samples.get(base) ?? []);
  return [...samples].map(([name, seconds]) => ({
    [what]: name,
    ...spread(seconds),
    [`x ${base}`]: rounded(median(seconds) / unit),
  }));
}

/** Bytes as MB of 10^6, rounded; undefined stays so. */
export function megabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.round(bytes / 1e6);
}

/** max_i |a_i - b_i|; infinite where the lengths differ. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

/** The command that runs a suite so, but for the place of the Python, which is a matter of the machine. */
export function commandOf(suite: string, args: readonly string[]): string {
  const kept = args.filter((arg, i) => !arg.startsWith('--python') && args[i - 1] !== '--python');
  return ['node benchmarks/run.js', suite, ...kept].join(' ');
}
