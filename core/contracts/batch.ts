/** Padded rows of token ids, row-major: position t of row b is at index b * length + t. */
export interface TokenBatch {
  /** Token ids [B * T]; padding holds any valid id. */
  readonly ids: Int32Array;
  /** 1 for a real token, 0 for padding [B * T]. Padding may stand on either side of a row, never inside it. */
  readonly mask: Uint8Array;
  /** B, the number of rows. */
  readonly rows: number;
  /** T, the padded length of every row in tokens. */
  readonly length: number;
  /** Position of every token in its sequence [B * T]; by default counted from its row's first real token on. */
  readonly positions?: Int32Array;
  /**
   * Branch of every token [B * T]: 0 is the trunk, which every token of its row sees; branch n sees the trunk and what came
   * before in branch n. So one row holds several continuations of one prompt. By default all are trunk.
   */
  readonly branches?: Uint8Array;
}

/** A batch with what it is trained on. */
export interface TrainingBatch extends TokenBatch {
  /** Unshifted labels [B * T]: labels[i] belongs to ids[i]; -100 where no loss is taken. */
  readonly labels: Int32Array;
  /**
   * Flat positions [P], ascending, whose *next* token is labelled: the logits the cross-entropy reads.
   * Label of positions[p] is labels[positions[p] + 1].
   */
  readonly answerPositions: Int32Array;
  /** Flat position of the last prompt token of every row [B]: the first of its answerPositions (-1: row without any). */
  readonly answerStart: Int32Array;
  /** Index into the task's training examples of every row [B]. */
  readonly exampleIndex: Int32Array;
}
