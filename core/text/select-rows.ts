import type { TrainingBatch } from '../contracts/batch.js';

/** Some rows of a batch, in the order given, as long as the batch's. */
export function selectRows(batch: TrainingBatch, rows: readonly number[]): TrainingBatch {
  const { length } = batch;
  const take = <A extends Int32Array | Uint8Array>(values: A): A => {
    const taken = values.slice(0, rows.length * length) as A;
    rows.forEach((row, b) => {
      taken.set(values.subarray(row * length, (row + 1) * length), b * length);
    });
    return taken;
  };
  const moved = (position: number, b: number) => (position < 0 ? position : position + (b - rows[b]) * length);
  const positions = rows.flatMap((row, b) =>
    [...batch.answerPositions]
      .filter((position) => Math.floor(position / length) === row)
      .map((position) => moved(position, b)),
  );
  return {
    ids: take(batch.ids),
    mask: take(batch.mask),
    labels: take(batch.labels),
    rows: rows.length,
    length,
    answerPositions: Int32Array.from(positions),
    answerStart: Int32Array.from(rows, (row, b) => moved(batch.answerStart[row], b)),
    exampleIndex: Int32Array.from(rows, (row) => batch.exampleIndex[row]),
  };
}
