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
  RANDOM,
  type RandomSource,
  type z,
} from '../../core/index.js';
import type { options } from './plugin.js';

type Options = z.infer<typeof options>;

/** Held-out sets and nothing to train. */
@injectable()
export class HeldOutBenchmark implements Benchmark {
  private readonly reader: DataReader;

  constructor(
    @inject(OPTIONS) private readonly options: Options,
    @inject(CONFIG_FOLDER) folder: string,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.reader = new DataReader(folder);
  }

  async load(): Promise<BenchmarkData> {
    this.reader.demand(...evaluatedSources(this.options));
    const heldOut = await evaluatedSets(this.reader, this.options, this.random);
    return { tasks: [], heldOut, ...this.reader.findings(), answerEnd: 'eos' };
  }
}
