import type { TokenBatch, TrainingBatch } from '../contracts/batch.js';
import { NO_LOSS } from '../text/examples.js';

/** Where a row's parts lie: tokens 0 to `trunk` are shared, those from there to `end` are every branch's own. */
interface RowParts {
  readonly trunk: number;
  readonly end: number;
}

/**
 * Rows laid out as a prompt and several continuations of it: all tokens before the last prompt token once, then the last
 * prompt token and the answer as often as there are branches. Since attention is causal, passes that differ only from the last
 * prompt token on have the rest in common.
 */
export class BranchedRows {
  /** The layout as a backbone runs it; token ids of a branch are those of the rows. */
  readonly batch: TokenBatch;
  private readonly parts: readonly RowParts[];

  /** @param rows right-padded, each with a labelled token: see `canBranch` @param count branches of every row */
  constructor(
    private readonly rows: TrainingBatch,
    private readonly count: number,
  ) {
    const { length, mask, answerStart } = rows;
    this.parts = Array.from(answerStart, (start, b) => ({
      trunk: start - b * length,
      end: mask.lastIndexOf(1, (b + 1) * length - 1) + 1 - b * length,
    }));
    this.batch = this.layout();
  }

  /** The flat place in the layout at which a flat position of the rows stands in a branch (from 0). */
  place(position: number, branch: number): number {
    const row = Math.floor(position / this.rows.length);
    const t = position - row * this.rows.length;
    const { trunk, end } = this.parts[row];
    return row * this.batch.length + (t < trunk ? t : t + branch * (end - trunk));
  }

  /** The layout as a branch's edits see it: answers are where they stand in that branch. */
  seenBy(branch: number): TrainingBatch {
    const labels = new Int32Array(this.batch.ids.length).fill(NO_LOSS);
    for (const position of this.rows.answerPositions) {
      labels[this.place(position + 1, branch)] = this.rows.labels[position + 1];
    }
    const places = (positions: Int32Array) => positions.map((position) => this.place(position, branch));
    const { answerPositions, answerStart, exampleIndex } = this.rows;
    return {
      ...this.batch,
      labels,
      answerPositions: places(answerPositions),
      answerStart: places(answerStart),
      exampleIndex,
    };
  }

  /** For every place of the layout the flat position of the rows whose token it holds; padding holds its row's first. */
  get origins(): Int32Array {
    const origins = Int32Array.from({ length: this.batch.ids.length }, (_, place) => {
      return Math.floor(place / this.batch.length) * this.rows.length;
    });
    this.eachToken((place, position) => {
      origins[place] = position;
    });
    return origins;
  }

  private layout(): TokenBatch {
    const length = Math.max(...this.parts.map(({ trunk, end }) => trunk + this.count * (end - trunk)));
    const size = this.rows.rows * length;
    const batch = {
      ids: new Int32Array(size).fill(this.rows.ids[0]),
      mask: new Uint8Array(size),
      positions: new Int32Array(size),
      branches: new Uint8Array(size),
      rows: this.rows.rows,
      length,
    };
    this.eachToken((place, position, branch) => {
      batch.ids[place] = this.rows.ids[position];
      batch.mask[place] = 1;
      batch.positions[place] = position % this.rows.length;
      batch.branches[place] = branch;
    }, length);
    return batch;
  }

  /** @param visit told the place in the layout, the flat position in the rows, and the branch from 1, 0 for the trunk */
  private eachToken(
    visit: (place: number, position: number, branch: number) => void,
    length = this.batch.length,
  ): void {
    for (const [b, { trunk, end }] of this.parts.entries()) {
      const [place, position] = [b * length, b * this.rows.length];
      for (let t = 0; t < trunk; t++) visit(place + t, position + t, 0);
      for (let branch = 0; branch < this.count; branch++) {
        for (let t = trunk; t < end; t++) visit(place + t + branch * (end - trunk), position + t, branch + 1);
      }
    }
  }
}

/** Whether rows can be laid out in branches: labels in each of them, padding on the right, no branches of their own. */
export function canBranch(rows: TokenBatch | TrainingBatch): rows is TrainingBatch {
  if (!('labels' in rows) || rows.branches) return false;
  return rows.answerStart.every((start, b) => start >= 0 && rows.mask[b * rows.length] === 1);
}
