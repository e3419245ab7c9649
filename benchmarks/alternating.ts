import { Bench, type TaskResult } from 'tinybench';

/** Seconds of every piece of work, done in turn, so that noise hits all of them alike. */
export async function alternating(
  work: ReadonlyMap<string, () => unknown>,
  rounds: number,
): Promise<Map<string, number[]>> {
  const samples = new Map([...work.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false });
    for (const [name, run] of work) bench.add(name, () => void run());
    for (const task of await bench.run()) samples.get(task.name)?.push(latencyOf(task.result));
  }
  return samples;
}

/** In seconds. @throws Error where the work failed */
function latencyOf(result: TaskResult): number {
  if ('error' in result) throw result.error;
  if (!('latency' in result)) throw new Error(`the work did not run: ${result.state}`);
  return result.latency.mean / 1000;
}

/** Of seconds. */
export function spread(seconds: readonly number[]): { median: number; fastest: number; slowest: number } {
  return {
    median: rounded(median(seconds)),
    fastest: rounded(Math.min(...seconds)),
    slowest: rounded(Math.max(...seconds)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const rounded = (value: number): number => Number(value.toFixed(3));
