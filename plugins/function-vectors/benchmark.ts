import {
  type Benchmark,
  type BenchmarkData,
  CONFIG_FOLDER,
  capitalized,
  DataReader,
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
import { throughTable } from './derived.js';
import type { options } from './plugin.js';

/** Where such files are published, for those who have none of their own. */
const PUBLISHED = 'https://github.com/ericwtodd/function_vectors, where they are not your own';

type Options = z.infer<typeof options>;
type TaskOptions = Options['tasks'][number];

/**
 * Each file's items are shuffled (a draw named by the set, from the run's seed) and split in order: first what is trained on
 * or shown as demonstrations, then what is scored, then what is for validation.
 */
@injectable()
export class FunctionVectorsBenchmark implements Benchmark {
  private readonly reader: DataReader;

  constructor(
    @inject(OPTIONS) private readonly options: Options,
    @inject(CONFIG_FOLDER) folder: string,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.reader = new DataReader(folder);
  }

  async load(): Promise<BenchmarkData> {
    const named = this.options.tasks.flatMap(({ file, through }) => (through === undefined ? file : [file, through]));
    this.reader.demand({ files: [...named, ...this.options.heldOut.map(({ file }) => file)], from: PUBLISHED });
    const tasks: Task[] = [];
    for (const task of this.options.tasks) tasks.push(await this.task(task));
    const heldOut = await pairSets(this.reader, this.options.heldOut, (name, pairs) => this.ordered(name, pairs));
    return { tasks, heldOut, ...this.reader.findings(), answerEnd: this.options.answerEnd };
  }

  private async task(task: TaskOptions): Promise<Task> {
    const { name, file, through, train } = task;
    const pairs = this.ordered(name, await this.pairs(task));
    const first = train ?? Math.floor(0.7 * pairs.length);
    return pairTask(pairs, { ...task, first, where: `${name}, ${file}${through ? ` through ${through}` : ''}` });
  }

  /** A task's pairs as its options derive them from its file, in the file's order. */
  private async pairs({ file, through, capitalize }: TaskOptions): Promise<Pair[]> {
    const listed = await readPairs(this.reader, file);
    const mapped = through === undefined ? listed : throughTable(listed, await readPairs(this.reader, through));
    return capitalize ? mapped.map(capitalized) : mapped;
  }

  private ordered(name: string, pairs: Pair[]): Pair[] {
    return this.options.shuffle ? this.random.stream(`function-vectors/${name}`).shuffle(pairs) : pairs;
  }
}
