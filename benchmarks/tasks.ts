/*
 * Seconds of one optimizer step of inc-lora in its 15th task beside one in its first: earlier adapters are folded into the weights, so
 * they should cost nothing. SmolLM2-135M, 8 rows of 64 tokens, in turn.
 *
 *     node benchmarks/run.js tasks [--engine native] [--rounds 15]
 *
 * The figures go to results/tasks-<engine>.json.
 */
import { parseArgs } from 'node:util';
import { currentEngine } from '../core/engine/engine.js';
import { alternating, writeResult } from './alternating.js';
import { commandOf, comparison } from './figures.js';
import { benchmarkExamples, Stage } from './steps/stage.js';
import { ourModel } from './versus/our-model.js';

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { engine: { type: 'string', default: 'native' }, rounds: { type: 'string', default: '15' } },
  });
  const model = await ourModel(values.engine, folder);
  const work = new Map<string, () => unknown>();
  for (const task of [1, 15]) {
    const stage = await Stage.begin({ name: 'inc-lora' }, model, benchmarkExamples(folder), task - 1);
    for (let warm = 0; warm < 2; warm++) stage.step();
    work.set(`task ${task}`, () => stage.step());
  }
  const rounds = Number(values.rounds);
  const rows = comparison(await alternating(work, rounds), 'step in', 'task 1');
  console.table(rows);
  const command = commandOf('tasks', args);
  writeResult(folder, { suite: 'tasks', engine: currentEngine(), rounds, command, rows });
}
