import { rmSync } from 'node:fs';
import type { RunConfig } from '../config/schema.js';
import type { BenchmarkData, EvaluationSet } from '../contracts/benchmark.js';
import type { Observer, ScoreRecord } from '../contracts/observer.js';
import { problem } from '../errors.js';
import { evaluateSet, type Measure, type Model } from '../evaluation/evaluate.js';
import { scoreMetric } from '../evaluation/score-matrix.js';
import type { Logger } from '../logger.js';
import { fileName } from '../text/task-names.js';
import { type Span, untimed } from '../training/span.js';
import { scoredLimits, scoredSets, shotsFor } from './check-data.js';
import { jsonLinesOf } from './json-lines.js';
import type { RunDirectory } from './run-directory.js';
import type { ScoredSetFile, SharedScores } from './shared-scores.js';

/** Items that were cut to the maximum lengths, over all that was scored. */
export interface CutItems {
  prompts: number;
  answers: number;
}

/** What one set's scoring leaves: a line of scores.jsonl. */
interface ScoredLine {
  readonly record: ScoreRecord;
  readonly truncated: Readonly<CutItems>;
}

/** A set, how it is scored, and who is told. */
interface ScoredSet {
  readonly set: EvaluationSet;
  readonly shots: readonly number[];
  readonly by: readonly Measure[];
  /** Whose probe it is; undefined: it belongs to the score matrix. */
  readonly prober?: Observer;
}

/** A set to be scored. */
interface Scoring {
  readonly row: number;
  readonly set: EvaluationSet;
  readonly shots: number;
  readonly by: readonly Measure[];
}

const JOURNAL = 'scores.jsonl';

/**
 * Scores every set, one row of the score matrix at a time, and writes the predictions. While the run goes on each score is a
 * line of scores.jsonl, so that what was scored before an interruption is not scored again.
 */
export class Scorer {
  readonly records: ScoreRecord[] = [];
  readonly truncated: CutItems = { prompts: 0, answers: 0 };
  private readonly sets: readonly ScoredSet[];
  private readonly probes: ScoreRecord[] = [];
  private shared?: SharedScores;

  /** @throws PalimpsestError CONFIG_VALUE for probes that are called as another set */
  constructor(
    private readonly data: BenchmarkData,
    /** Rows after Init. */
    private readonly rows: number,
    private readonly config: Pick<RunConfig, 'training' | 'evaluation'>,
    private readonly directory: RunDirectory,
    private readonly observers: readonly Observer[],
    private readonly logger?: Logger,
  ) {
    const { evaluation } = config;
    const own = scoredSets(data).map((set) => ({ set, shots: shotsFor(set, evaluation), by: evaluation.by }));
    const probes = observers.flatMap((prober) =>
      (prober.probes?.(scoredSets(data)) ?? []).map((set) => ({
        set,
        prober,
        shots: [0],
        by: ['likelihood'] as const,
      })),
    );
    this.sets = [...own, ...probes];
    checkProbes(own, probes);
  }

  /** Takes what the model scores before training from other runs, and gives it to them. */
  share(shared: SharedScores): void {
    this.shared = shared;
  }

  /** What observers want scored beside the data's own sets. */
  get probeSets(): readonly EvaluationSet[] {
    return this.sets.filter(({ prober }) => prober).map(({ set }) => set);
  }

  /** Takes back what an interrupted run has scored, and tells the observers. @throws PalimpsestError CHECKPOINT_INVALID, OUTPUT_WRITE */
  resume(): void {
    const lines = jsonLinesOf<ScoredLine>(this.directory.path(JOURNAL));
    this.directory.writeJsonLines(JOURNAL, lines);
    for (const line of lines) this.take(line);
  }

  /** Ends the journal; the run's scores are written by then. */
  close(): void {
    rmSync(this.directory.path(JOURNAL), { force: true });
  }

  /** Whether a row is to be scored: `each-task` all of them, `last` Init and the last, `end` the last, `never` none. */
  wants(row: number): boolean {
    const { after } = this.config.evaluation;
    if (row === this.rows) return after !== 'never';
    return after === 'each-task' || (after === 'last' && row === 0);
  }

  /**
   * @param row 0 for Init, t after the t-th task
   * @returns the seconds that other runs spent on what was taken over from them
   */
  async score(row: number, model: Model, span: Span = untimed): Promise<number> {
    const cutBefore = this.truncated.prompts;
    const shared = row === 0 ? this.shared : undefined;
    let takenOver = 0;
    for (const { set, shots: counts, by } of this.sets) {
      for (const shots of counts) {
        if (this.has(row, set.name, shots)) continue;
        const known = shared?.read(set.name, shots);
        const scored = known ?? (await this.evaluated({ row, set, shots, by }, model, span));
        if (!scored) continue;
        if (known) takenOver += known.record.seconds;
        else shared?.write(scored);
        this.keep(scored);
      }
    }
    if (cutBefore === 0) this.warnOfCuts();
    return takenOver;
  }

  private async evaluated(
    { row, set, shots, by }: Scoring,
    model: Model,
    span: Span,
  ): Promise<ScoredSetFile | undefined> {
    const options = { ...scoredLimits(this.config), answerEnd: this.data.answerEnd, shots, by };
    const result = await span('set', () => evaluateSet(model, set, options), `${set.name} ${shots}-shot`);
    if (!result) return undefined;
    const { metrics, predictions, truncated, seconds } = result;
    const metric = scoreMetric({ metric: set.metric, metrics });
    const record = { row, set: set.name, shots, metric, metrics, items: set.items.length, seconds };
    return { record, truncated, predictions };
  }

  private keep({ record, truncated, predictions }: ScoredSetFile): void {
    const { row, set, shots } = record;
    this.directory.writeJsonLines(`predictions/${row}-${set}-${shots}-shot.jsonl`, predictions);
    this.directory.appendJsonLine(JOURNAL, { record, truncated });
    this.take({ record, truncated });
  }

  private warnOfCuts(): void {
    const { prompts } = this.truncated;
    if (prompts === 0) return;
    const { maxInputTokens: max } = scoredLimits(this.config);
    const remedy = 'evaluation.maxInputTokens takes them whole';
    this.logger?.warn(`${prompts} of the prompts scored are cut in their middle to ${max} tokens; ${remedy}`);
  }

  private has(row: number, name: string, shots: number): boolean {
    const done = [...this.records, ...this.probes];
    return done.some((one) => one.row === row && one.set === name && one.shots === shots);
  }

  private take({ record, truncated }: ScoredLine): void {
    const prober = this.sets.find(({ set }) => set.name === record.set)?.prober;
    if (prober) {
      this.probes.push(record);
      prober.probed?.(record);
      return;
    }
    this.truncated.prompts += truncated.prompts;
    this.truncated.answers += truncated.answers;
    this.records.push(record);
    for (const observer of this.observers) observer.scored?.(record);
  }
}

/** Refuses probes that are called as another set, or by what is no file name. */
function checkProbes(own: readonly ScoredSet[], probes: readonly ScoredSet[]): void {
  const names = [...own, ...probes].map(({ set }) => set.name.toLowerCase());
  for (const { set } of probes) {
    const twice = names.filter((name) => name === set.name.toLowerCase()).length > 1;
    if (!twice && fileName.test(set.name)) continue;
    const expected = 'letters, digits, dots, hyphens and underscores, and no other set of that name';
    throw problem('CONFIG_VALUE', {
      where: `an observer's set "${set.name}"`,
      expected,
      got: twice ? 'two of it' : set.name,
    });
  }
}
