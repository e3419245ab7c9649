import * as tf from '@tensorflow/tfjs-core';
import { type ActivationVariants, problem, type RotaryTable, type TokenBatch } from '../../core/index.js';
import { bySite } from './request.js';

/** The rows of one pass: those of its batch, and from the sites on at which variants part from it, these too. */
export class GrowingRows {
  /** R, their number so far. */
  count: number;
  private readonly length: number;
  private readonly variants: ReadonlyMap<string, readonly ActivationVariants[]>;

  constructor({ rows, length }: TokenBatch, variants: readonly ActivationVariants[] = []) {
    this.count = rows;
    this.length = length;
    this.variants = bySite(variants);
  }

  /** Whether variants part at the site. */
  growAt(site: string): boolean {
    return this.variants.has(site);
  }

  /** An activation [R, T, ..] with the variants that part here below it. */
  grown(site: string, activation: tf.Tensor): tf.Tensor {
    const parting = this.variants.get(site) ?? [];
    const own = tf.slice(activation, 0, 1);
    const copies = parting.map(({ count, apply }) => {
      const made = apply(own);
      if (made.shape[0] === count) return made;
      throw problem('PASS_INVALID', {
        where: `variants at ${site}`,
        expected: `${count} copies`,
        got: `${made.shape[0]}`,
      });
    });
    this.count += parting.reduce((sum, { count }) => sum + count, 0);
    return tf.concat([activation, ...copies], 0);
  }

  /** An activation [N, D] from before some rows parted, with theirs, which is the first row's. */
  level(x: tf.Tensor2D): tf.Tensor2D {
    const missing = this.count - x.shape[0] / this.length;
    if (missing === 0) return x;
    return tf.concat([x, tf.tile(tf.slice(x, 0, this.length), [missing, 1])], 0);
  }

  /** The table of the batch's tokens for all rows: all stand where those of the first one do. */
  angles({ cos, sin }: RotaryTable): RotaryTable {
    const times = (this.count * this.length) / cos.shape[0];
    return times === 1 ? { cos, sin } : { cos: tf.tile(cos, [times, 1, 1]), sin: tf.tile(sin, [times, 1, 1]) };
  }
}
