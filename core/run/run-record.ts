import type { Composition } from '../container/compose.js';
import type { Adapter } from '../contracts/adapter.js';
import type { BenchmarkData, Task } from '../contracts/benchmark.js';
import type { ExpectedMemory, Observer, StepRecord } from '../contracts/observer.js';
import { type SetNames, scoreSummary } from '../evaluation/score-summary.js';
import type { Logger } from '../logger.js';
import { additionsOf } from '../training/additions.js';
import type { Participants } from '../training/participants.js';
import type { SequenceSummary } from '../training/sequence.js';
import type { Span } from '../training/span.js';
import { optimizerSteps, type PreparedTask } from '../training/task-data.js';
import { writePeft } from '../weights/peft.js';
import { checkLengths, scoredSets } from './check-data.js';
import { environment, inputs, type RunHead } from './environment.js';
import { expectedMemory } from './memory-estimate.js';
import type { OpenModel } from './open-model.js';
import type { PhaseClock } from './phase-clock.js';
import { pluginSummaries } from './plugin-summaries.js';
import { assertSameInputs, rewindMetrics } from './resumed-run.js';
import type { RunDirectory } from './run-directory.js';
import { scoresFile } from './score-files.js';
import { Scorer } from './scorer.js';
import { SharedScores } from './shared-scores.js';

export interface RecordParts {
  readonly plugins: Composition;
  readonly data: BenchmarkData;
  /** What is trained, in order. */
  readonly trained: readonly Task[];
  readonly model: OpenModel;
  readonly participants: Participants;
  readonly directory: RunDirectory;
  readonly observers: readonly Observer[];
  readonly clock: PhaseClock;
  readonly span?: Span;
  readonly logger: Logger;
  /** Optimizer steps that an interrupted run in this directory has done; undefined for a new run. */
  readonly stepsDone?: number;
  /** Folder of scores before training that runs share. */
  readonly sharedScores?: string;
}

/** What stays of a run: scores and adapters between tasks, and the files of the run directory. */
export class RunRecord implements Observer {
  private readonly scorer: Scorer;
  private readonly names: SetNames;
  private tokens = 0;
  private steps = 0;
  private memory?: ExpectedMemory;

  constructor(private readonly parts: RecordParts) {
    const { data, trained, plugins, directory, observers, logger } = parts;
    this.scorer = new Scorer(data, trained.length, plugins.resolved, directory, observers, logger);
    const namesOf = (some: readonly { name: string }[]) => some.map(({ name }) => name);
    this.names = { trained: namesOf(trained), tasks: namesOf(data.tasks), heldOut: namesOf(data.heldOut) };
  }

  stepDone({ tokens }: StepRecord): void {
    this.tokens += tokens;
    this.steps++;
  }

  /** Everything has been checked: makes the directory, or goes on in it. @throws PalimpsestError OUTPUT_WRITE, DATA_TOO_LONG, MEMORY_TOO_SMALL, CHECKPOINT_INVALID */
  async started(tasks: readonly PreparedTask[]): Promise<void> {
    const { plugins, data, trained, model, participants, directory, observers, stepsDone, sharedScores } = this.parts;
    const { training, evaluation } = plugins.resolved;
    const heldOut = [...data.heldOut, ...this.scorer.probeSets];
    const { maxPositions } = model.backbone.sizes;
    checkLengths({ ...data, heldOut }, model.tokenizer, { training, evaluation, maxPositions });
    this.memory = expectedMemory(tasks, participants, { model, batchSize: training.batchSize });
    const head = await this.head();
    if (stepsDone === undefined) this.writeHead(head);
    else this.goOn(stepsDone, head);
    if (sharedScores) this.scorer.share(new SharedScores(sharedScores, head));
    const steps = trained.reduce((sum, task) => sum + optimizerSteps(task, training), 0);
    const rows = [0, ...trained.map((_, i) => i + 1)].filter((row) => this.scorer.wants(row)).length;
    const { names, memory } = this;
    const { engine } = model;
    for (const observer of observers) {
      const plan = { tasks: names.trained, scored: names.tasks, rows, steps, stepsDone: stepsDone ?? 0 };
      observer.runStarted?.({ ...plan, engine, memory, directory: directory.folder });
    }
    if (stepsDone !== undefined) this.scorer.resume();
  }

  /** @param row 0 before the first task; t after the t-th */
  async betweenTasks(row: number, task?: Task): Promise<void> {
    const { clock, span, participants, model } = this.parts;
    const { adapter } = participants;
    if (task) await clock.time('save', () => this.saveAdapters(adapter, task));
    if (!this.scorer.wants(row)) return;
    const { backbone, tokenizer } = model;
    const additions = additionsOf(adapter, 'current');
    const takenOver = await clock.time('evaluate', () =>
      this.scorer.score(row, { backbone, tokenizer, additions }, span),
    );
    clock.takeOver('evaluate', takenOver);
  }

  /** Writes scores.json and summary.json and ends the run for the observers. */
  async finish(sequence: SequenceSummary): Promise<void> {
    const { directory, observers, clock } = this.parts;
    for (const { seconds } of sequence.tasks) clock.add('train', seconds);
    directory.writeJson('scores.json', scoresFile(this.scorer.records, this.names));
    this.warnOfNoSets();
    const seconds = clock.seconds();
    directory.writeJson('summary.json', { ...this.summary(sequence), seconds });
    this.scorer.close();
    for (const observer of observers) {
      await observer.runDone?.({ seconds: seconds.total, earlier: clock.earlier, directory: directory.folder });
    }
  }

  private warnOfNoSets(): void {
    const { data, plugins, observers } = this.parts;
    if (plugins.resolved.evaluation.after === 'never' || scoredSets(data).length > 0) return;
    for (const observer of observers) {
      observer.warned?.('nothing was scored: no task has a `test`, and there is no held-out set');
    }
  }

  private async head(): Promise<RunHead> {
    const { plugins, data, model } = this.parts;
    const read = await inputs({ seed: plugins.resolved.seed, model: model.files, data: data.files, plugins });
    return { config: plugins.resolved, environment: environment(model.engine), inputs: read };
  }

  private writeHead(head: RunHead): void {
    const { directory } = this.parts;
    directory.create();
    directory.writeJson('environment.json', head.environment);
    directory.writeJson('inputs.json', head.inputs);
    directory.writeJson('config.json', head.config);
  }

  private goOn(stepsDone: number, head: RunHead): void {
    const { directory, logger } = this.parts;
    assertSameInputs(directory, head, logger);
    for (const record of rewindMetrics(directory, stepsDone)) this.stepDone(record);
  }

  private async saveAdapters(adapter: Adapter, task: Task): Promise<void> {
    const { directory, model } = this.parts;
    const baseModel = model.files.reference;
    const own = adapter.pairs?.('task');
    if (own) await writePeft(directory.path('adapters', task.name), { pairs: own, baseModel });
    const all = adapter.pairs?.('all');
    if (all) await writePeft(directory.path('adapters', 'all'), { pairs: all, baseModel });
  }

  private summary({ tasks, idle }: SequenceSummary): object {
    const cut = (what: 'prompts' | 'answers') => tasks.reduce((sum, { truncated }) => sum + truncated[what], 0);
    return {
      ...scoreSummary(this.scorer.records, this.names),
      truncated: { training: { prompts: cut('prompts'), answers: cut('answers') }, evaluation: this.scorer.truncated },
      steps: this.steps,
      tokens: this.tokens,
      tasks,
      idle,
      plugins: pluginSummaries(this.parts.participants),
      expectedMemoryBytes: this.memory?.peak ?? null,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    };
  }
}
