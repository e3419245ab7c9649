import { rmSync } from 'node:fs';
import type { RunConfig } from '../config/schema.js';
import type { BenchmarkData } from '../contracts/benchmark.js';
import type { Observer, ScoreRecord } from '../contracts/observer.js';
import { evaluateSet, type Model } from '../evaluation/evaluate.js';
import { scoredSets, shotsFor } from './check-data.js';
import { jsonLinesOf } from './json-lines.js';
import type { RunDirectory } from './run-directory.js';

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

const JOURNAL = 'scores.jsonl';

/**
 * Scores every set, one row of the score matrix at a time, and writes the predictions. While the run goes on each score is a
 * line of scores.jsonl, so that what was scored before an interruption is not scored again.
 */
export class Scorer {
  readonly records: ScoreRecord[] = [];
  readonly truncated: CutItems = { prompts: 0, answers: 0 };

  constructor(
    private readonly data: BenchmarkData,
    /** Rows after Init. */
    private readonly rows: number,
    private readonly config: Pick<RunConfig, 'training' | 'evaluation'>,
    private readonly directory: RunDirectory,
    private readonly observers: readonly Observer[],
  ) {}

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

  /** @param row 0 for Init, t after the t-th task */
  async score(row: number, model: Model): Promise<void> {
    const { training, evaluation } = this.config;
    for (const set of scoredSets(this.data)) {
      for (const shots of shotsFor(set, evaluation)) {
        if (this.records.some((one) => one.row === row && one.set === set.name && one.shots === shots)) continue;
        const { maxInputTokens, maxOutputTokens, overflow } = training;
        const limits = { maxInputTokens, maxOutputTokens, overflow };
        const { answerEnd } = this.data;
        const result = await evaluateSet(model, set, { ...limits, shots, by: evaluation.by, answerEnd });
        if (!result) continue;
        const { metrics, predictions, truncated, seconds } = result;
        this.directory.writeJsonLines(`predictions/${row}-${set.name}-${shots}-shot.jsonl`, predictions);
        const record = { row, set: set.name, shots, metrics, items: set.items.length, seconds };
        this.directory.appendJsonLine(JOURNAL, { record, truncated });
        this.take({ record, truncated });
      }
    }
  }

  private take({ record, truncated }: ScoredLine): void {
    this.truncated.prompts += truncated.prompts;
    this.truncated.answers += truncated.answers;
    this.records.push(record);
    for (const observer of this.observers) observer.scored?.(record);
  }
}
