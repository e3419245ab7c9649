import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  type DataFile,
  type DataLine,
  type EvaluationSet,
  type Example,
  inject,
  injectable,
  jsonLines,
  OPTIONS,
  readDataFile,
  type Task,
  type TextExample,
  type z,
} from '../../core/index.js';
import { scoredExample, trainingExample } from './lines.js';
import type { options } from './plugin.js';

type JsonlOptions = z.infer<typeof options>;
type TaskOptions = JsonlOptions['tasks'][number];
type HeldOutOptions = JsonlOptions['heldOut'][number];

/** Tasks and held-out sets from JSONL files; a file named more than once is read once. */
@injectable()
export class JsonlBenchmark implements Benchmark {
  private readonly read = new Map<string, Promise<{ file: DataFile; lines: DataLine[] }>>();

  constructor(
    @inject(OPTIONS) private readonly options: JsonlOptions,
    @inject(CONFIG_FOLDER) private readonly folder: string,
  ) {}

  async load(): Promise<BenchmarkData> {
    const tasks: Task[] = [];
    for (const task of this.options.tasks) tasks.push(await this.task(task));
    const heldOut: EvaluationSet[] = [];
    for (const set of this.options.heldOut) heldOut.push(await this.heldOutSet(set));
    const read = await Promise.all(this.read.values());
    return { tasks, heldOut, files: read.map(({ file }) => file), answerEnd: this.options.answerEnd };
  }

  private async task({ name, train, test, fewShot, epochs }: TaskOptions): Promise<Task> {
    const examples = (await this.lines(train)).map(trainingExample);
    const used = examples.slice(0, this.options.maxTrain);
    if (test === undefined) return { name, train: used, epochs };
    const demonstrations = fewShot ? await this.scored(fewShot) : examples.filter(isText);
    return { name, train: used, epochs, test: { name, items: await this.items(test), demonstrations } };
  }

  private async heldOutSet({ name, test, fewShot }: HeldOutOptions): Promise<EvaluationSet> {
    return { name, items: await this.items(test), demonstrations: fewShot ? await this.scored(fewShot) : [] };
  }

  private async items(file: string): Promise<TextExample[]> {
    return (await this.scored(file)).slice(0, this.options.maxTest);
  }

  private async scored(file: string): Promise<TextExample[]> {
    return (await this.lines(file)).map(scoredExample);
  }

  private async lines(name: string): Promise<DataLine[]> {
    const reading = this.read.get(name) ?? this.readLines(name);
    this.read.set(name, reading);
    return (await reading).lines;
  }

  private async readLines(name: string): Promise<{ file: DataFile; lines: DataLine[] }> {
    const data = await readDataFile(this.folder, name);
    const lines = jsonLines(data);
    return { lines, file: { path: data.path, sha256: data.sha256, items: lines.length } };
  }
}

function isText(example: Example): example is TextExample {
  return 'prompt' in example && example.prompt !== '';
}
