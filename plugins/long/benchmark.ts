import { join } from 'node:path';
import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  DataReader,
  type DataSource,
  evaluatedSets,
  evaluatedSources,
  inject,
  injectable,
  lineValue,
  OPTIONS,
  RANDOM,
  type RandomSource,
  type Task,
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

  constructor(
    @inject(OPTIONS) private readonly options: Options,
    @inject(CONFIG_FOLDER) folder: string,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.reader = new DataReader(folder);
  }

  async load(): Promise<BenchmarkData> {
    const { order, tasks: names = orders[order], heldOut, root } = this.options;
    this.reader.demand(this.source(names), ...evaluatedSources(heldOut));
    const instructions = await readInstructions(this.reader, root);
    const tasks: Task[] = [];
    for (const name of names) tasks.push(await this.task(name, instructions));
    const sets = await evaluatedSets(this.reader, heldOut, this.random);
    return { tasks, heldOut: sets, ...this.reader.findings(), answerEnd: 'eos' };
  }

  private source(names: readonly LongTaskName[]): DataSource {
    const files = names.flatMap((name) => ['labels', 'train', 'dev', 'test'].map((part) => fileOf(name, part)));
    return { folder: this.options.root, files, from: 'https://github.com/cmnfriend/O-LoRA' };
  }

  private async task(name: LongTaskName, instructions: Instructions): Promise<Task> {
    const { root, epochs, maxTrain, maxTest, maxValidation } = this.options;
    const category = categoryOf(name);
    const items = (part: string) => this.reader.items(join(root, fileOf(name, part)));
    const labels = (await items('labels')).map((line) => lineValue(line, label, 'a label: text'));
    const kind = { category, name, labels, instruction: instructions[category] };
    const samples = async (part: string) => (await items(part)).map((line) => longSample(line, kind));
    const [train, test] = [await samples('train'), await samples('test')];
    const { notices } = this.reader;
    const validation = notices.unseen(await samples('dev'), { train, test }, { part: 'dev', of: name });
    return {
      name,
      train: notices.first(maxTrain, train, { option: 'maxTrain', of: name }),
      validation: validation && notices.first(maxValidation, validation, { option: 'maxValidation', of: name }),
      epochs,
      test: { name, items: notices.first(maxTest, test, { option: 'maxTest', of: name }), demonstrations: train },
    };
  }
}

const fileOf = (name: LongTaskName, part: string) => join('CL_Benchmark', categoryOf(name), name, `${part}.json`);
