import { join } from 'node:path';
import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  DataReader,
  type EvaluationSet,
  heldOutSets,
  inject,
  injectable,
  OPTIONS,
  type Pair,
  pairSets,
  pairTask,
  RANDOM,
  type RandomSource,
  readPairs,
  type Task,
  type z,
} from '../../core/index.js';
import { checkLetters, letterExample } from './letters.js';
import type { options } from './plugin.js';
import { type FuncTask, type FuncTaskName, funcTasks } from './tasks.js';

type Options = z.infer<typeof options>;

/**
 * The tasks of FUNC, each from a file of pairs: shuffled by a draw named by the task, then 70 % to train on; the others are
 * scored, but for those kept for validation.
 */
@injectable()
export class FuncBenchmark implements Benchmark {
  private readonly reader: DataReader;

  constructor(
    @inject(OPTIONS) private readonly options: Options,
    @inject(CONFIG_FOLDER) folder: string,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.reader = new DataReader(folder);
  }

  async load(): Promise<BenchmarkData> {
    const tasks: Task[] = [];
    for (const name of this.options.tasks) tasks.push(await this.task(name, funcTasks[name]));
    const heldOut = await this.heldOut();
    return { tasks, heldOut, files: this.reader.files(), answerEnd: 'eos' };
  }

  private async task(name: FuncTaskName, { file, instruction, options }: FuncTask): Promise<Task> {
    const { root, epochs, maxTrain, maxTest, validation, validationInstruction } = this.options;
    const where = join(root, file);
    const pairs = await readPairs(this.reader, where);
    if (options) checkLetters(pairs, where);
    const first = Math.floor(0.7 * pairs.length);
    const scored = Math.max(1, pairs.length - first - validation);
    const split = { first, test: Math.min(maxTest ?? scored, scored), validation, validationInstruction, where };
    const example = options ? letterExample : undefined;
    const task = pairTask(this.shuffled(name, pairs), { name, instruction, epochs, ...split }, example);
    return { ...task, train: task.train.slice(0, maxTrain) };
  }

  private async heldOut(): Promise<EvaluationSet[]> {
    const { root, sets = [], maxTest, pairs = [] } = this.options.heldOut ?? {};
    const papers = await heldOutSets(this.reader, root === undefined ? undefined : { root, sets, maxTest });
    return [...papers, ...(await pairSets(this.reader, pairs, (name, some) => this.shuffled(name, some)))];
  }

  private shuffled(name: string, pairs: Pair[]): Pair[] {
    return this.random.stream(`func/${name}`).shuffle(pairs);
  }
}
