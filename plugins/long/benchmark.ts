import { join, resolve } from 'node:path';
import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  DataReader,
  heldOutSets,
  inject,
  injectable,
  lineValue,
  OPTIONS,
  type Task,
  unseen,
  z,
} from '../../core/index.js';
import { type Instructions, readInstructions } from './instructions.js';
import type { options } from './plugin.js';
import { longSample } from './samples.js';
import { categoryOf, type LongTaskName, orders } from './tasks.js';

type Options = z.infer<typeof options>;

const label = z.string().min(1);

/** Tasks from O-LoRA's own files: train.json is trained on, test.json scored, dev.json for validation. */
@injectable()
export class LongBenchmark implements Benchmark {
  private readonly reader: DataReader;
  private readonly root: string;

  constructor(
    @inject(OPTIONS) private readonly options: Options,
    @inject(CONFIG_FOLDER) folder: string,
  ) {
    this.reader = new DataReader(folder);
    this.root = resolve(folder, options.root);
  }

  async load(): Promise<BenchmarkData> {
    const { order, tasks: names = orders[order], heldOut } = this.options;
    const instructions = await readInstructions(this.reader, this.root);
    const tasks: Task[] = [];
    for (const name of names) tasks.push(await this.task(name, instructions));
    const sets = await heldOutSets(this.reader, heldOut);
    return { tasks, heldOut: sets, files: this.reader.files(), answerEnd: 'eos' };
  }

  private async task(name: LongTaskName, instructions: Instructions): Promise<Task> {
    const { epochs, maxTrain, maxTest, maxValidation } = this.options;
    const category = categoryOf(name);
    const items = (part: string) => this.reader.items(join(this.root, 'CL_Benchmark', category, name, `${part}.json`));
    const labels = (await items('labels')).map((line) => lineValue(line, label, 'a label: text'));
    const kind = { category, name, labels, instruction: instructions[category] };
    const samples = async (part: string) => (await items(part)).map((line) => longSample(line, kind));
    const [train, test] = [await samples('train'), await samples('test')];
    return {
      name,
      train: train.slice(0, maxTrain),
      validation: unseen(await samples('dev'), train, test)?.slice(0, maxValidation),
      epochs,
      test: { name, items: test.slice(0, maxTest), demonstrations: train },
    };
  }
}
