import { expect, it } from 'vitest';
import { commonPrefixLength, padRows } from '../../core/text/batching.js';

it('pads [[5, 6, 7], [8]] on the right by default and on the left where asked', () => {
  const right = padRows([[5, 6, 7], [8]], { pad: 2 });
  expect(right).toEqual({
    ids: Int32Array.of(5, 6, 7, 8, 2, 2),
    mask: Uint8Array.of(1, 1, 1, 1, 0, 0),
    rows: 2,
    length: 3,
  });
  const left = padRows([[5, 6, 7], [8]], { pad: 2, side: 'left' });
  expect([...left.ids]).toEqual([5, 6, 7, 2, 2, 8]);
  expect([...left.mask]).toEqual([1, 1, 1, 0, 0, 1]);
});

it('gives an empty row one place of padding', () => {
  expect(padRows([[]], { pad: 2 })).toMatchObject({ ids: Int32Array.of(2), mask: Uint8Array.of(0), length: 1 });
});

it('counts the leading tokens that all rows share', () => {
  expect(
    commonPrefixLength([
      [1, 2, 3, 4],
      [1, 2, 9],
      [1, 2, 3],
    ]),
  ).toBe(2);
  expect(
    commonPrefixLength([
      [1, 2],
      [1, 2, 3],
    ]),
  ).toBe(2);
  expect(commonPrefixLength([[1, 2]])).toBe(2);
  expect(commonPrefixLength([])).toBe(0);
});
