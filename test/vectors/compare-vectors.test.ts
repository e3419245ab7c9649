import { describe, expect, it } from 'vitest';
import { cosine, norm } from '../../core/index.js';

describe('vectors', () => {
  it('have a length: that of (3, 4) is 5', () => {
    expect(norm(Float32Array.of(3, 4))).toBe(5);
  });

  it('have an angle: its cosine is 1 along, 0 across, -1 against, 0.6 between (1, 0) and (3, 4)', () => {
    const along = Float32Array.of(1, 0);
    expect(cosine(along, Float32Array.of(7, 0))).toBe(1);
    expect(cosine(along, Float32Array.of(0, 2))).toBe(0);
    expect(cosine(along, Float32Array.of(-2, 0))).toBe(-1);
    expect(cosine(along, Float32Array.of(3, 4))).toBeCloseTo(0.6, 12);
    expect(cosine(along, Float32Array.of(0, 0))).toBeNaN();
  });
});
