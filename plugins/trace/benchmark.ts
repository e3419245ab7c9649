import { join } from 'node:path';
import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  type DataLine,
  DataReader,
  heldOutSets,
  inject,
  injectable,
  OPTIONS,
  type Task,
  unseen,
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
  ) {
    this.reader = new DataReader(folder);
  }

  async load(): Promise<BenchmarkData> {
    const tasks: Task[] = [];
    for (const name of this.options.tasks) tasks.push(await this.task(name, traceTasks[name]));
    const heldOut = await heldOutSets(this.reader, this.options.heldOut);
    return { tasks, heldOut, files: this.reader.files(), answerEnd: 'eos' };
  }

  private async task(name: TraceTaskName, task: TraceTask): Promise<Task> {
    const { root, epochs, maxTrain, maxTest, maxValidation } = this.options;
    const lines = (part: string) => this.reader.items(join(root, name, `${part}.json`));
    const scored = (some: readonly DataLine[]) => some.map((line) => scoredSample(line, task));
    const train = await lines('train');
    const demonstrations = scored(train);
    const test = scored(await lines('test'));
    return {
      name,
      train: train.slice(0, maxTrain).map(trainingSample),
      validation: unseen(scored(await lines('eval')), demonstrations, test)?.slice(0, maxValidation),
      epochs: (typeof epochs === 'number' ? epochs : epochs?.[name]) ?? task.epochs,
      test: { name, items: test.slice(0, maxTest), demonstrations, metric: task.metric },
    };
  }
}
