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
    for (const [name, run] of work) bench.add(name, () => finished(run));
    for (const task of await bench.run()) samples.get(task.name)?.push(latencyOf(task.result));
  }
  return samples;
}

/** Waits for work that says when it is over. What it gives is not tinybench's business. */
function finished(run: () => unknown): Promise<void> | undefined {
  const result = run();
  return result instanceof Promise ? result.then(() => {}) : undefined;
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
  /** What measured it, from the repository's folder. */
  readonly command?: string;
  /** A row for each piece of work. */
  readonly rows: readonly object[];
  /** What else belongs to the figures, such as the other side's versions. */
  readonly more?: object;
}

/** Writes results/<suite>-<engine>.json. @param folder benchmarks/, absolute */
export function writeResult(folder: string, { suite, engine, rounds, command, rows, more }: SuiteResult): void {
  const result = { suite, command, environment: environment(engine), rounds, unit: 'seconds', ...more, rows };
  writeFileSync(path.join(folder, 'results', `${suite}-${engine.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
