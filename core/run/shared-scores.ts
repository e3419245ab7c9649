import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ScoreRecord } from '../contracts/observer.js';
import { textDigest } from '../digest.js';
import { problem } from '../errors.js';
import type { Prediction } from '../evaluation/metrics.js';
import type { RunHead } from './environment.js';
import type { CutItems } from './scorer.js';

/** What scoring one set comes to. */
export interface ScoredSetFile {
  readonly record: ScoreRecord;
  readonly truncated: Readonly<CutItems>;
  readonly predictions: readonly Prediction[];
}

/**
 * Scores of models before any training, in a folder that several runs share: a set that one of them has scored the others take over.
 * Only runs with equal heads meet, but for what trains: they would score the same, to the last bit.
 */
export class SharedScores {
  private readonly folder: string;

  constructor(folder: string, head: RunHead) {
    this.folder = path.join(folder, keyOf(head));
  }

  /** Undefined where no run has scored the set yet. */
  read(set: string, shots: number): ScoredSetFile | undefined {
    try {
      return JSON.parse(readFileSync(this.file(set, shots), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** @throws PalimpsestError OUTPUT_WRITE */
  write(scored: ScoredSetFile): void {
    const file = this.file(scored.record.set, scored.record.shots);
    const scratch = `${file}.${os.hostname()}-${process.pid}`;
    try {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(scratch, JSON.stringify(scored));
      renameSync(scratch, file);
    } catch (error) {
      throw problem('OUTPUT_WRITE', { where: file, got: (error as Error).message });
    }
  }

  private file(set: string, shots: number): string {
    return path.join(this.folder, `${set}-${shots}-shot.json`);
  }
}

/** Everything that scores before training depend on, of what a run begins with: all but the methods and settings that only training has. */
function keyOf({ config, environment, inputs }: RunHead): string {
  const { backbone, adapter, benchmark, observers, evaluation, training } = config;
  const { maxInputTokens, maxOutputTokens, overflow } = training;
  const adapterFiles = Object.entries(inputs.files).filter(([place]) => place.startsWith('adapter'));
  const text = JSON.stringify([
    ...[environment, inputs.seed, inputs.model, inputs.data, adapterFiles],
    ...[backbone, adapter, benchmark, observers, evaluation, maxInputTokens, maxOutputTokens, overflow],
  ]);
  return textDigest(text, 32);
}
