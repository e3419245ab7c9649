import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  DataReader,
  evaluatedSets,
  evaluatedSources,
  inject,
  injectable,
  OPTIONS,
  type Pair,
  pairTask,
  RANDOM,
  type RandomSource,
  type Task,
  type z,
} from '../../core/index.js';
import { checkLetters, letterExample } from './letters.js';
import { PairFiles } from './pair-files.js';
import type { options } from './plugin.js';
import { type FuncTaskName, funcTasks } from './tasks.js';

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
    const { tasks: names, heldOut } = this.options;
    const files = new PairFiles(
      this.reader,
      this.options,
      names.map((name) => funcTasks[name].file),
    );
    this.reader.demand(...files.sources(), ...evaluatedSources(heldOut));
    const tasks: Task[] = [];
    for (const name of names) tasks.push(await this.task(name, files));
    const sets = await evaluatedSets(this.reader, heldOut, this.random);
    return { tasks, heldOut: sets, ...this.reader.findings(), answerEnd: 'eos' };
  }

  private async task(name: FuncTaskName, files: PairFiles): Promise<Task> {
    const { epochs, maxTrain, maxTest, validation, validationInstruction } = this.options;
    const { file, instruction } = funcTasks[name];
    const lettered = 'options' in funcTasks[name];
    const { pairs, where } = await files.read(file);
    if (lettered) checkLetters(pairs, where);
    const first = Math.floor(0.7 * pairs.length);
    const { notices } = this.reader;
    const others = Math.max(1, pairs.length - first - validation);
    const test = notices.atMost(maxTest, others, { option: 'maxTest', of: name });
    const split = { first, test, validation, validationInstruction, where };
    const example = lettered ? letterExample : undefined;
    const task = pairTask(this.shuffled(name, pairs), { name, instruction, epochs, ...split }, example);
    return { ...task, train: notices.first(maxTrain, task.train, { option: 'maxTrain', of: name }) };
  }

  private shuffled(name: string, pairs: Pair[]): Pair[] {
    return this.random.stream(`func/${name}`).shuffle(pairs);
  }
}
