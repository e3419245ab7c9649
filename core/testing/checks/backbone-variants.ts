import * as tf from '@tensorflow/tfjs-core';
import type { ActivationVariants, Backbone } from '../../contracts/backbone.js';
import { padRows } from '../../text/batching.js';
import { measured } from '../measured.js';
import { expectClose } from '../tensor-checks.js';
import { withToyRun } from '../toy-run.js';
import { logits } from './backbone.js';
import { type Check, check } from './check.js';

const PROMPT = [3, 9, 27, 17];
const ENDING = [5, 11];
const TOLERANCE = 1e-4;
/** What the copies do to the activation. */
const FACTORS = [0.5, 2];

/** Copies that part at a site, multiplied by one factor each. */
const scaled = (site: string): ActivationVariants => ({
  site,
  count: FACTORS.length,
  apply: (activation) =>
    tf.concat(
      FACTORS.map((factor) => tf.mul(activation, factor)),
      0,
    ),
});

/** What a backbone promises of copies that part from a row on its way. */
export const variantChecks: readonly Check<'backbone'>[] = [
  check('backbone', 'variants of a row give the logits of whole runs with their edit', (subject) =>
    withToyRun(subject, ({ backbone }) => {
      const sites = backbone.activationSites.map(({ name }) => name);
      const got = continued(backbone, sites.map(scaled));
      const whole = [undefined, ...sites.flatMap((site) => FACTORS.map((factor) => ({ site, factor })))];
      for (const [row, edit] of whole.entries()) {
        const ending = got.slice(row * ENDING.length, (row + 1) * ENDING.length).flat();
        const what = edit ? `logits, ${edit.site} x ${edit.factor}` : 'logits of the row itself';
        expectClose(ending, wholeRun(backbone, edit), TOLERANCE, what);
      }
    }),
  ),
];

/** Logits of the ending after the prompt, of the row and all its variants [R * T, V]. */
function continued(backbone: Backbone, variants: readonly ActivationVariants[]): number[][] {
  const batchOf = (row: number[]) => padRows([row], { pad: 2 });
  return measured(() => {
    const { cache } = backbone.forward({ batch: batchOf(PROMPT), keepCache: true });
    const all = logits(backbone, { batch: batchOf(ENDING), past: cache, logits: 'all', variants });
    cache?.dispose();
    return all;
  });
}

/** The same in one run with the edit at the ending. */
function wholeRun(backbone: Backbone, edit?: { site: string; factor: number }): number[] {
  const batch = padRows([[...PROMPT, ...ENDING]], { pad: 2 });
  const ends = Int32Array.from(ENDING, (_, t) => PROMPT.length + t);
  const apply = (activation: tf.Tensor) => {
    const [before, after] = tf.split(activation, [PROMPT.length, ENDING.length], 1);
    return tf.concat([before, tf.mul(after, edit?.factor ?? 1)], 1);
  };
  const edits = edit ? [{ site: edit.site, key: 'scaled', apply }] : [];
  return logits(backbone, { batch, edits, logits: ends }).flat();
}
