import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  DataReader,
  type EvaluationSet,
  type Example,
  inject,
  injectable,
  OPTIONS,
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
  private readonly reader: DataReader;

  constructor(
    @inject(OPTIONS) private readonly options: JsonlOptions,
    @inject(CONFIG_FOLDER) folder: string,
  ) {
    this.reader = new DataReader(folder);
  }

  async load(): Promise<BenchmarkData> {
    this.reader.demand({ files: this.files() });
    const tasks: Task[] = [];
    for (const task of this.options.tasks) tasks.push(await this.task(task));
    const heldOut: EvaluationSet[] = [];
    for (const set of this.options.heldOut) heldOut.push(await this.heldOutSet(set));
    return { tasks, heldOut, ...this.reader.findings(), answerEnd: this.options.answerEnd };
  }

  private files(): string[] {
    const { tasks, heldOut } = this.options;
    const named = [
      ...tasks.flatMap(({ train, test, fewShot, validation }) => [train, test, fewShot, validation]),
      ...heldOut.flatMap(({ test, fewShot }) => [test, fewShot]),
    ];
    return named.filter((file) => file !== undefined);
  }

  private async task({ name, train, test, fewShot, validation, epochs }: TaskOptions): Promise<Task> {
    const examples = (await this.reader.lines(train)).map(trainingExample);
    const { notices } = this.reader;
    const used = notices.first(this.options.maxTrain, examples, { option: 'maxTrain', of: name });
    const items = test === undefined ? undefined : await this.items(name, test);
    const demonstrations = fewShot ? await this.scored(fewShot) : examples.filter(isText);
    const left = examples.slice(used.length).filter(isText);
    const others = { train: used.filter(isText), test: items ?? [] };
    return {
      name,
      train: used,
      epochs,
      validation: validation
        ? await this.scored(validation)
        : notices.unseen(left, others, { part: 'train beyond maxTrain', of: name }),
      test: items && { name, items, demonstrations },
    };
  }

  private async heldOutSet({ name, test, fewShot }: HeldOutOptions): Promise<EvaluationSet> {
    return { name, items: await this.items(name, test), demonstrations: fewShot ? await this.scored(fewShot) : [] };
  }

  private async items(name: string, file: string): Promise<TextExample[]> {
    return this.reader.notices.first(this.options.maxTest, await this.scored(file), { option: 'maxTest', of: name });
  }

  private async scored(file: string): Promise<TextExample[]> {
    return (await this.reader.lines(file)).map(scoredExample);
  }
}

function isText(example: Example): example is TextExample {
  return 'prompt' in example && example.prompt !== '';
}
