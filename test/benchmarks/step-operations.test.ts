import { describe, expect, it } from 'vitest';
import { stepOperations } from '../../benchmarks/versus/step-operations.js';

/** Small enough to count by hand: D = 4, two heads of 2, one key/value head, F = 8, V = 10. */
const sizes = { vocabulary: 10, width: 4, layers: 1, heads: 2, keyValueHeads: 1, headWidth: 2, feedForward: 8 };
const work = { rows: 1, length: 3, answers: 1, rank: 1 };

/** The logits before one answer, and their dx: 2 x 4 x 10 each. */
const LOGITS = 80 + 80;

describe('the operations of a step', () => {
  it('are those of one layer that is first and last, by hand', () => {
    const inputs = 2 * 4 * (1 * 4 + 3 * 2 + 3 * 2);
    const outputAndFeedForward = 2 * (2 * 1 * (4 * 4 + 3 * 4 * 8));
    // The second token sees two: scores, mixing, dV, dP and dQ of 2 heads of width 2.
    const attention = 5 * (2 * 2 * 2 * 2);
    // q: x A^T and dA of 4 inputs, h B^T, u and dB of 4 outputs, for one token; v: 4 inputs and 2 outputs, for three.
    const pairs = 2 * (2 * 4 + 3 * 4) * 1 + 2 * (2 * 4 + 3 * 2) * 3;
    expect(stepOperations(sizes, work)).toBe(LOGITS + inputs + outputAndFeedForward + attention + pairs);
  });

  it('are those of a first and a last layer of two, by hand', () => {
    const [first, last] = [
      2 * 3 * 4 * (4 + 2 + 2) + 2 * (2 * 3 * (4 * 4 + 3 * 4 * 8)) + 5 * (2 * 6 * 4) + 2 * 3 * (20 + 14),
      2 * (2 * 4 * (1 * 4 + 3 * 2 + 3 * 2)) + 2 * (2 * (4 * 4 + 3 * 4 * 8)) + 6 * (2 * 2 * 4) + 2 * 24 + 2 * 3 * 18,
    ];
    expect(stepOperations({ ...sizes, layers: 2 }, work)).toBe(LOGITS + first + last);
  });

  it('grow with the rows alike', () => {
    const one = stepOperations({ ...sizes, layers: 3 }, work);
    expect(stepOperations({ ...sizes, layers: 3 }, { ...work, rows: 5 })).toBe(5 * one);
  });

  it('of an added middle layer are twice its products forward, but for the attention and the pairs', () => {
    const added = stepOperations({ ...sizes, layers: 4 }, work) - stepOperations({ ...sizes, layers: 3 }, work);
    const linear = 2 * 3 * (4 * (4 + 2 + 2) + 4 * 4 + 3 * 4 * 8);
    const pairs = 2 * 3 * (3 * (4 + 4) + 3 * (4 + 2));
    expect(added).toBe(2 * linear + 6 * (2 * 6 * 4) + pairs);
  });
});
