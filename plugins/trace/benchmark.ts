import { join } from 'node:path';
import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  type DataLine,
  DataReader,
  type DataSource,
  evaluatedSets,
  evaluatedSources,
  inject,
  injectable,
  OPTIONS,
  RANDOM,
  type RandomSource,
  type Task,
  type z,
} from '../../core/index.js';
import type { options } from './plugin.js';
import { scoredSample, trainingSample } from './samples.js';
import { type TraceTask, type TraceTaskName, traceTasks } from './tasks.js';

type Options = z.infer<typeof options>;

/** Tasks from TRACE's own files: train.json is trained on, test.json scored, eval.json for validation. */
@injectable()
export class TraceBenchmark implements Benchmark {
  private readonly reader: DataReader;

  constructor(
    @inject(OPTIONS) private readonly options: Options,
    @inject(CONFIG_FOLDER) folder: string,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.reader = new DataReader(folder);
  }

  async load(): Promise<BenchmarkData> {
    this.reader.demand(this.source(), ...evaluatedSources(this.options.heldOut));
    const tasks: Task[] = [];
    for (const name of this.options.tasks) tasks.push(await this.task(name, traceTasks[name]));
    const heldOut = await evaluatedSets(this.reader, this.options.heldOut, this.random);
    return { tasks, heldOut, ...this.reader.findings(), answerEnd: 'eos' };
  }

  private source(): DataSource {
    const { root, tasks } = this.options;
    const files = tasks.flatMap((name) => ['train', 'eval', 'test'].map((part) => fileOf(name, part)));
    return { folder: root, files, from: 'https://github.com/zjwang21/TRACE' };
  }

  private async task(name: TraceTaskName, task: TraceTask): Promise<Task> {
    const { root, epochs, maxTrain, maxTest, maxValidation } = this.options;
    const lines = (part: string) => this.reader.items(join(root, fileOf(name, part)));
    const scored = (some: readonly DataLine[]) => some.map((line) => scoredSample(line, task));
    const train = await lines('train');
    const demonstrations = scored(train);
    const test = scored(await lines('test'));
    const { notices } = this.reader;
    const others = { train: demonstrations, test };
    const validation = notices.unseen(scored(await lines('eval')), others, { part: 'eval', of: name });
    return {
      name,
      train: notices.first(maxTrain, train, { option: 'maxTrain', of: name }).map(trainingSample),
      validation: validation && notices.first(maxValidation, validation, { option: 'maxValidation', of: name }),
      epochs: (typeof epochs === 'number' ? epochs : epochs?.[name]) ?? task.epochs,
      test: {
        name,
        items: notices.first(maxTest, test, { option: 'maxTest', of: name }),
        demonstrations,
        metric: task.metric,
      },
    };
  }
}

const fileOf = (name: TraceTaskName, part: string) => join(name, `${part}.json`);
