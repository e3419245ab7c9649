import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Bench, type TaskResult } from 'tinybench';
import type { EngineInfo } from '../core/engine/engine.js';
import { environment } from '../core/run/environment.js';

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

/** What a suite found. */
export interface SuiteResult {
  readonly suite: string;
  readonly engine: EngineInfo;
  readonly rounds: number;
  /** A row for each piece of work. */
  readonly rows: readonly object[];
}

/**
 * Median, fastest and slowest of every piece of work in seconds, and the medians' ratio to one of them.
 * @param what heads the names, for example `method`
 */
export function comparison(samples: ReadonlyMap<string, readonly number[]>, what: string, base: string): object[] {
  const unit = median(samples.get(base) ?? []);
  return [...samples].map(([name, seconds]) => ({
    [what]: name,
    median: rounded(median(seconds)),
    fastest: rounded(Math.min(...seconds)),
    slowest: rounded(Math.max(...seconds)),
    [`x ${base}`]: rounded(median(seconds) / unit),
  }));
}

/** Writes results/<suite>-<engine>.json. @param folder benchmarks/, absolute */
export function writeResult(folder: string, { suite, engine, rounds, rows }: SuiteResult): void {
  const result = { suite, environment: environment(engine), rounds, unit: 'seconds', rows };
  writeFileSync(path.join(folder, 'results', `${suite}-${engine.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const rounded = (value: number): number => Number(value.toFixed(3));
