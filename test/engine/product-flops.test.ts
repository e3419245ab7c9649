import type { TensorInfo } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { productFlops } from '../../core/engine/product-flops.js';

const shaped = (...shapes: number[][]): TensorInfo[] => shapes.map((shape) => ({ shape }) as TensorInfo);

describe('floating-point operations', () => {
  it('of a product are 2 m n k, whichever side is transposed', () => {
    expect(productFlops('BatchMatMul', shaped([3, 2, 5], [3, 5, 7]), shaped([3, 2, 7]))).toBe(3 * 2 * 2 * 5 * 7);
    const turned = [{ name: 'adj_x', value: true }];
    expect(productFlops('BatchMatMulV2', shaped([5, 2], [5, 7]), shaped([2, 7]), turned)).toBe(2 * 2 * 5 * 7);
  });

  it('of a low-rank pair are those of its two products, twice as many backward', () => {
    const [x, a, b, h, dy] = [
      [6, 10],
      [2, 10],
      [4, 2],
      [6, 2],
      [6, 4],
    ];
    const forward = 2 * 6 * 10 * 2 + 2 * 6 * 2 * 4;
    expect(productFlops('PalimpsestLowRank', shaped(x, a, b), shaped([6, 4], h))).toBe(forward);
    expect(productFlops('PalimpsestLowRankGrad', shaped(dy, x, a, b, h), shaped(x, a, b))).toBe(2 * forward);
  });

  it('of attention count the keys that a query sees, its own included', () => {
    const attributes = ['rows', 'heads'].map((name) => ({ name, value: 2 }));
    // Two rows of three tokens: 1 + 2 + 3 pairs each, two heads, four wide.
    const products = 2 * 2 * (1 + 2 + 3) * 2 * 4;
    const inputs = [
      [6, 24],
      [6, 1, 4],
      [6, 1, 4],
    ];
    expect(productFlops('PalimpsestAttention', shaped(...inputs), shaped([6, 8]), attributes)).toBe(2 * products);
    const backward = productFlops('PalimpsestAttentionGrad', shaped([6, 8], ...inputs), shaped([6, 24]), attributes);
    expect(backward).toBe(5 * products);
  });

  it('of anything else are not told', () => {
    expect(productFlops('PalimpsestRmsNorm', shaped([6, 8]), shaped([6, 8]))).toBeUndefined();
  });
});
