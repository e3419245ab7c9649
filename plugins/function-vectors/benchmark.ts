import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  type DataFile,
  type EvaluationSet,
  inject,
  injectable,
  OPTIONS,
  problem,
  RANDOM,
  type RandomSource,
  readDataFile,
  type Task,
  type TextExample,
  type z,
} from '../../core/index.js';
import { readPairs, toExample } from './pairs.js';
import type { options } from './plugin.js';

type Options = z.infer<typeof options>;
type TaskOptions = Options['tasks'][number];
type HeldOutOptions = Options['heldOut'][number];

/**
 * Each file's items are shuffled (a draw named by the set, from the run's seed) and split in order: first what is trained on
 * or shown as demonstrations, then what is scored. Demonstrations of a task are its training items.
 */
@injectable()
export class FunctionVectorsBenchmark implements Benchmark {
  private readonly files = new Map<string, DataFile>();

  constructor(
    @inject(OPTIONS) private readonly options: Options,
    @inject(CONFIG_FOLDER) private readonly folder: string,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {}

  async load(): Promise<BenchmarkData> {
    const tasks: Task[] = [];
    for (const task of this.options.tasks) tasks.push(await this.task(task));
    const heldOut: EvaluationSet[] = [];
    for (const set of this.options.heldOut) heldOut.push(await this.heldOutSet(set));
    return { tasks, heldOut, files: [...this.files.values()], answerEnd: this.options.answerEnd };
  }

  private async task(task: TaskOptions): Promise<Task> {
    const items = await this.items(task);
    const count = task.train ?? Math.floor(0.7 * items.length);
    const [train, test] = this.split(task, items, count);
    return {
      name: task.name,
      train,
      epochs: task.epochs,
      test: { name: task.name, items: test, demonstrations: train },
    };
  }

  private async heldOutSet(set: HeldOutOptions): Promise<EvaluationSet> {
    const [demonstrations, items] = this.split(set, await this.items(set), set.shots);
    return { name: set.name, items, demonstrations };
  }

  private async items({ name, file, instruction }: TaskOptions | HeldOutOptions): Promise<TextExample[]> {
    const data = await readDataFile(this.folder, file);
    const pairs = readPairs(data);
    this.files.set(data.path, { path: data.path, sha256: data.sha256, items: pairs.length });
    const ordered = this.options.shuffle ? this.random.stream(`function-vectors/${name}`).shuffle(pairs) : pairs;
    return ordered.map((pair) => toExample(pair, instruction));
  }

  /** The first `first` items and the next `test` ones (all others by default). @throws PalimpsestError DATA_EMPTY */
  private split(
    set: TaskOptions | HeldOutOptions,
    items: TextExample[],
    first: number,
  ): [TextExample[], TextExample[]] {
    const wanted = first + (set.test ?? 1);
    if (first < 1 || items.length < wanted) {
      const expected = `at least ${Math.max(wanted, 2)} items (${Math.max(first, 1)} to learn from, the others to score)`;
      const where = `${set.name}, ${set.file}`;
      throw problem('DATA_EMPTY', {
        where,
        expected,
        got: `${items.length}`,
        remedy: 'Ask for fewer, or give the file more.',
      });
    }
    return [items.slice(0, first), items.slice(first, set.test === undefined ? undefined : first + set.test)];
  }
}
