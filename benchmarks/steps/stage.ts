import { readFileSync } from 'node:fs';
import path from 'node:path';
import { trainingSchema } from '../../core/config/schema.js';
import { RunContainer } from '../../core/container/run-container.js';
import { ADAPTER, BACKBONE, CONFIG_FOLDER, LOGGER, MODEL, RANDOM, TOKENIZER } from '../../core/container/tokens.js';
import type { StepRecord } from '../../core/contracts/observer.js';
import type { Contracts } from '../../core/contracts/plugin.js';
import type {
  Adapter,
  Backbone,
  StepPosition,
  TaskMoment,
  TokenExample,
  Tokenizer,
  TrainingBatch,
} from '../../core/index.js';
import { trainingBatch } from '../../core/text/examples.js';
import { IdleWatch } from '../../core/training/idle-watch.js';
import { KeptPasses } from '../../core/training/kept-passes.js';
import { KeptRows } from '../../core/training/kept-rows.js';
import type { Participants } from '../../core/training/participants.js';
import { seededRandom } from '../../core/training/random.js';
import { TaskTrainer } from '../../core/training/step.js';
import { TaskPasses } from '../../core/training/task-passes.js';
import incLora from '../../plugins/inc-lora/plugin.js';
import type { Method, Use } from './methods.js';

const ROWS = 8;
const EPOCHS = 3;
const SETTINGS = trainingSchema.parse({ batchSize: ROWS, learningRate: 1e-4, allowIdle: true });
interface Model {
  readonly backbone: Backbone;
  readonly tokenizer: Tokenizer;
}

const silent = { info: () => {}, warn: () => {} };

/** The training examples of step.jsonl: rows of 64 tokens, the last 8 the answer. */
export function benchmarkExamples(folder: string): TokenExample[] {
  return readFileSync(path.join(folder, 'step.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TokenExample);
}

/** A method within a task of a sequence: ready to take steps. */
export class Stage {
  private steps = 0;
  private readonly trainer: TaskTrainer;

  private constructor(
    run: Participants,
    private readonly taskIndex: number,
    private readonly batches: readonly TrainingBatch[],
  ) {
    const kept = new KeptPasses(new KeptRows({ memory: 2 ** 30, disk: 0 }));
    const watch = new IdleWatch(run, { names: [] });
    this.trainer = new TaskTrainer({ run, task: 'step', settings: SETTINGS, random: seededRandom(1), kept, watch });
  }

  /** The second task after its first epoch, its kept passes filled; the first task has one step. */
  static async set(method: Method, model: Model, examples: readonly TokenExample[]): Promise<Stage> {
    const stage = await Stage.begin(method, model, examples, 1);
    for (let i = 0; i < stage.batches.length; i++) stage.step();
    return stage;
  }

  /** A task before its first step; each of the `taskIndex` tasks before it has one step. */
  static async begin(
    method: Method,
    model: Model,
    examples: readonly TokenExample[],
    taskIndex: number,
  ): Promise<Stage> {
    const run = participantsOf(method, model);
    const task = { name: 'step', train: examples, epochs: EPOCHS };
    const prepared = { task, examples: examples as never, steps: 0, truncated: { prompts: 0, answers: 0 } };
    const methods = [
      ...run.regularizers.map((one) => one.regularizer),
      ...run.interventions.map((one) => one.intervention),
    ];
    const momentOf = (taskIndex: number): TaskMoment => ({
      ...{ task, taskIndex, steps: 0, examples },
      passes: new TaskPasses(run, prepared, ROWS, model.tokenizer.padding),
      shared: async (_, make) => make(),
    });
    const batches = batchesOf(examples, model.tokenizer.padding);
    for (const one of [run.adapter, ...methods]) await one.prepare?.({ tasks: [task] });
    for (const one of [run.adapter, ...methods]) await one.beforeTask?.(momentOf(0));
    for (let earlier = 0; earlier < taskIndex; earlier++) {
      const stage = new Stage(run, earlier, batches);
      stage.step();
      stage.trainer.dispose();
      for (const one of [...methods, run.adapter]) await one.afterTask?.(momentOf(earlier));
      for (const one of [run.adapter, ...methods]) await one.beforeTask?.(momentOf(earlier + 1));
    }
    return new Stage(run, taskIndex, batches);
  }

  /** One optimizer step; the first pass over the batches is the first epoch, all others are the second. */
  step(): StepRecord {
    const { length } = this.batches;
    const epoch = Math.min(Math.floor(this.steps / length), 1);
    const place = { taskIndex: this.taskIndex, taskStep: this.steps, taskSteps: EPOCHS * length };
    const position: StepPosition = { step: this.steps + 1, ...place, epoch, epochs: EPOCHS };
    const record = this.trainer.step([this.batches[this.steps % length]], position);
    this.steps++;
    return record;
  }
}

function batchesOf(examples: readonly TokenExample[], pad: number): TrainingBatch[] {
  const starts = Array.from({ length: examples.length / ROWS }, (_, i) => i * ROWS);
  const rows = [...Array(ROWS).keys()];
  return starts.map((start) =>
    trainingBatch(
      examples,
      rows.map((row) => start + row),
      pad,
    ),
  );
}

function participantsOf(method: Method, { backbone, tokenizer }: Model): Participants {
  const container = new RunContainer();
  container.provide(BACKBONE, backbone);
  container.provide(MODEL, 'smollm2-135m-instruct');
  container.provide(TOKENIZER, tokenizer);
  container.provide(RANDOM, seededRandom(1));
  container.provide(LOGGER, silent);
  container.provide(CONFIG_FOLDER, '.');
  const create = <C extends keyof Contracts>(contract: C, { manifest, options = {} }: Use): Contracts[C] =>
    container.create({ contract, manifest, use: manifest.name, options: manifest.options.parse(options), path: [] });
  const adapter: Adapter = create('adapter', { manifest: incLora, options: method.adapter });
  container.provide(ADAPTER, adapter);
  return {
    backbone,
    adapter,
    regularizers: (method.regularizers ?? []).map((use) => ({
      name: use.manifest.name,
      regularizer: create('regularizer', use),
    })),
    interventions: (method.interventions ?? []).map((use) => ({
      name: use.manifest.name,
      intervention: create('intervention', use),
    })),
  };
}
