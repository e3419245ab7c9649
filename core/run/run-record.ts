import type { Composition } from '../container/compose.js';
import type { Adapter } from '../contracts/adapter.js';
import type { BenchmarkData, Task } from '../contracts/benchmark.js';
import type { Observer, StepRecord } from '../contracts/observer.js';
import { type SetNames, scoreSummary } from '../evaluation/score-summary.js';
import { limitsWithin } from '../text/limits.js';
import { additionsOf } from '../training/additions.js';
import type { TaskSummary } from '../training/checkpoint.js';
import { optimizerSteps } from '../training/task-data.js';
import { writePeft } from '../weights/peft.js';
import { checkLengths } from './check-data.js';
import { environment, inputs } from './environment.js';
import type { OpenModel } from './open-model.js';
import type { PhaseClock } from './phase-clock.js';
import type { RunDirectory } from './run-directory.js';
import { scoresFile } from './score-files.js';
import { Scorer } from './scorer.js';

export interface RecordParts {
  readonly plugins: Composition;
  readonly data: BenchmarkData;
  readonly model: OpenModel;
  readonly adapter: Adapter;
  readonly directory: RunDirectory;
  readonly observers: readonly Observer[];
  readonly clock: PhaseClock;
}

/** What stays of a run: scores and adapters between tasks, and the files of the run directory. */
export class RunRecord implements Observer {
  private readonly scorer: Scorer;
  private readonly names: SetNames;
  private tokens = 0;
  private steps = 0;

  constructor(private readonly parts: RecordParts) {
    const { data, plugins, directory, observers } = parts;
    this.scorer = new Scorer(data, plugins.resolved, directory, observers);
    this.names = { tasks: data.tasks.map(({ name }) => name), heldOut: data.heldOut.map(({ name }) => name) };
  }

  stepDone({ tokens }: StepRecord): void {
    this.tokens += tokens;
    this.steps++;
  }

  /** @param row 0 before the first task, when everything has been checked; t after the t-th */
  async betweenTasks(row: number, task?: Task): Promise<void> {
    const { clock, adapter, model } = this.parts;
    if (row === 0) await this.begin();
    if (task) await clock.time('save', () => this.saveAdapters(task));
    if (!this.scorer.wants(row)) return;
    const { backbone, tokenizer } = model;
    const additions = additionsOf(adapter, 'current');
    await clock.time('evaluate', () => this.scorer.score(row, { backbone, tokenizer, additions }));
  }

  /** Writes scores.json and summary.json and ends the run for the observers. */
  finish(tasks: readonly TaskSummary[]): void {
    const { directory, observers, clock } = this.parts;
    for (const { seconds } of tasks) clock.add('train', seconds);
    directory.writeJson('scores.json', scoresFile(this.scorer.records, this.names));
    const seconds = clock.seconds();
    directory.writeJson('summary.json', { ...this.summary(tasks), seconds });
    for (const observer of observers) observer.runDone?.({ seconds: seconds.total, directory: directory.folder });
  }

  private async begin(): Promise<void> {
    const { plugins, data, model, directory, observers } = this.parts;
    const { seed, training, evaluation } = plugins.resolved;
    const limits = limitsWithin(training, model.backbone.sizes.maxPositions);
    checkLengths(data, model.tokenizer, { training: limits, evaluation });
    const read = await inputs({ seed, model: model.files, data: data.files });
    directory.create();
    directory.writeJson('config.json', plugins.resolved);
    directory.writeJson('environment.json', environment(model.engine));
    directory.writeJson('inputs.json', read);
    const steps = data.tasks.reduce((sum, task) => sum + optimizerSteps(task, training), 0);
    for (const observer of observers) {
      observer.runStarted?.({ tasks: this.names.tasks, steps, directory: directory.folder });
    }
  }

  private async saveAdapters(task: Task): Promise<void> {
    const { adapter, directory, model } = this.parts;
    const baseModel = model.files.reference;
    const own = adapter.pairs?.('task');
    if (own) await writePeft(directory.path('adapters', task.name), { pairs: own, baseModel });
    const all = adapter.pairs?.('all');
    if (all) await writePeft(directory.path('adapters', 'all'), { pairs: all, baseModel });
  }

  private summary(tasks: readonly TaskSummary[]): object {
    const cut = (what: 'prompts' | 'answers') => tasks.reduce((sum, { truncated }) => sum + truncated[what], 0);
    return {
      ...scoreSummary(this.scorer.records, this.names),
      truncated: { training: { prompts: cut('prompts'), answers: cut('answers') }, evaluation: this.scorer.truncated },
      steps: this.steps,
      tokens: this.tokens,
      tasks,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    };
  }
}
