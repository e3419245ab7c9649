import * as tf from '@tensorflow/tfjs-core';
import type { TrainingBatch } from '../contracts/batch.js';
import type { PassRequest, PassResult, Positions } from '../contracts/passes.js';
import { selectRows } from '../text/select-rows.js';
import type { KeptRows } from './kept-rows.js';
import { flatPositions } from './positions.js';
import type { PassResults } from './run-pass.js';

/** Whether a request's outcome for a training example is the same in every epoch, and worth keeping. */
export function mayBeKept(request: PassRequest): boolean {
  const { keep, adapters = 'current', edits, gradient, logits = 'none', captures = [], rows } = request;
  const fixed = adapters !== 'current' && edits !== 'step' && !gradient && rows === undefined;
  return keep === true && fixed && captures.length === 0 && logits !== 'none' && logits !== 'all';
}

interface Serving {
  /** Whether what is run now will be asked for again. */
  readonly store: boolean;
  /** Runs requests that name their rows. */
  readonly run: (requests: readonly PassRequest[]) => PassResults;
}

/**
 * Outcomes of passes kept by training example over the epochs of a task. An example whose outcome is there is not run again;
 * in a batch where only some are, the others run by themselves.
 */
export class KeptPasses {
  constructor(readonly rows: KeptRows) {}

  /**
   * Serves requests over a training batch. Tensors belong to the enclosing tf.tidy.
   */
  serve(requests: readonly PassRequest[], batch: TrainingBatch, { store, run }: Serving): PassResults {
    const absent = absentRows(requests, batch, this.rows);
    if (absent.length === batch.rows) return this.runAll(requests, batch, { store, run });
    const fresh = new Map<PassRequest, Float32Array[]>();
    if (absent.length > 0) {
      const missing = selectRows(batch, absent);
      const results = this.runAll(requests, missing, { store, run });
      for (const request of requests) fresh.set(request, rowsOf(results.get(request) as PassResult, missing, request));
    }
    return new Map(
      requests.map((request) => {
        const parts = Array.from(batch.exampleIndex, (example, b) => {
          const at = absent.indexOf(b);
          return (at < 0 ? this.rows.get(keyOf(request, example)) : fresh.get(request)?.[at]) as Float32Array;
        });
        return [request, joined(parts, batch, request)];
      }),
    );
  }

  private runAll(requests: readonly PassRequest[], rows: TrainingBatch, { store, run }: Serving): PassResults {
    const asked = requests.map((request) => ({ ...request, rows }));
    const results = run(asked);
    const served = new Map(requests.map((request, i) => [request, results.get(asked[i]) as PassResult]));
    if (store) for (const [request, result] of served) this.store(request, result, rows);
    return served;
  }

  private store(request: PassRequest, result: PassResult, batch: TrainingBatch): void {
    rowsOf(result, batch, request).forEach((values, b) => {
      this.rows.put(keyOf(request, batch.exampleIndex[b]), values);
    });
  }
}

/** Rows of the batch for which any request is not kept. */
function absentRows(requests: readonly PassRequest[], { exampleIndex }: TrainingBatch, kept: KeptRows): number[] {
  return [...exampleIndex.keys()].filter((b) => requests.some((request) => !kept.has(keyOf(request, exampleIndex[b]))));
}

function keyOf({ adapters, edits = [], logits, top }: PassRequest, example: number): string {
  const edited = edits === 'step' ? [] : edits.map(({ site, key }) => `${site}=${key}`);
  return [adapters, edited.join('+'), logits, top ? `${top.count} ${top.temperature}` : 'full', example].join('|');
}

/** Number of positions that the request names in every row. */
function countsOf(batch: TrainingBatch, { logits }: PassRequest): number[] {
  const counts = new Array<number>(batch.rows).fill(0);
  for (const position of flatPositions(batch, logits as Positions)) counts[Math.floor(position / batch.length)]++;
  return counts;
}

/** A result's numbers row by row. */
function rowsOf(result: PassResult, batch: TrainingBatch, request: PassRequest): Float32Array[] {
  const matrix = tf.tidy(() => matrixOf(result));
  const [, width] = matrix.shape;
  const values = matrix.dataSync<'float32'>();
  matrix.dispose();
  let at = 0;
  return countsOf(batch, request).map((count) => {
    at += count;
    return values.subarray((at - count) * width, at * width);
  });
}

/** The inverse of `rowsOf`. */
function joined(parts: readonly Float32Array[], batch: TrainingBatch, request: PassRequest): PassResult {
  const positions = countsOf(batch, request).reduce((sum, count) => sum + count, 0);
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  return resultOf(tf.tensor2d(concatenated(parts, total), [positions, total / positions]), request);
}

/** Everything about a position in one row: its logits [P, V], or the largest ones, their ids and the sum [P, 2 k + 1]. */
function matrixOf({ logits, top }: PassResult): tf.Tensor2D {
  if (!top) return tf.clone(logits as tf.Tensor2D);
  return tf.concat([top.values, tf.cast(top.ids, 'float32'), tf.expandDims(top.logSumExp, 1)], 1) as tf.Tensor2D;
}

/** The inverse of `matrixOf`. */
function resultOf(matrix: tf.Tensor2D, { top }: PassRequest): PassResult {
  if (!top) return { logits: matrix, captures: {} };
  const [positions, width] = matrix.shape;
  const count = (width - 1) / 2;
  const [values, ids, sum]: tf.Tensor2D[] = tf.split(matrix, [count, count, 1], 1);
  const logSumExp = tf.reshape(sum, [positions]) as tf.Tensor1D;
  return { top: { values, ids: tf.cast(ids, 'int32'), logSumExp }, captures: {} };
}

function concatenated(parts: readonly Float32Array[], length: number): Float32Array {
  const whole = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
