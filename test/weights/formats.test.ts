import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BF16, F16, halfToFloat } from '../../core/weights/formats/half.js';
import { subMinimum, subScale } from '../../core/weights/formats/k-scales.js';
import { formats } from '../../core/weights/formats/table.js';

interface Fixture {
  readonly blocks: readonly { readonly type: string; readonly bytes: string; readonly values: string }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('fixtures/quantised-blocks.json', import.meta.url), 'utf8'));

/** Binary16 0.5 and 1 and -2. */
const [half, one, minusTwo] = [
  [0x00, 0x38],
  [0x00, 0x3c],
  [0x00, 0xc0],
];

function decode(type: string, bytes: readonly number[] | Uint8Array): Float32Array {
  const format = formats.get(type)!;
  const out = new Float32Array((bytes.length / format.bytes) * format.values);
  format.decode(Uint8Array.from(bytes), out);
  return out;
}

const zeros = (count: number) => new Array<number>(count).fill(0);

describe('binary16 and bfloat16', () => {
  it('reads normal, subnormal, infinite and undefined binary16 values', () => {
    const bits = [0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x8001, 0x7c00, 0xfc00];
    const want = [1, -2, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, -(2 ** -24), Infinity, -Infinity];
    expect(bits.map(halfToFloat)).toEqual(want);
    expect(halfToFloat(0x7e00)).toBeNaN();
    expect(Object.is(halfToFloat(0x8000), -0)).toBe(true);
  });

  it('decodes little-endian F16', () => {
    expect([...decode('F16', [...half, ...one, ...minusTwo, 0x01, 0x00])]).toEqual([0.5, 1, -2, 2 ** -24]);
    expect(F16.bytes).toBe(2);
  });

  it('decodes BF16 as the upper half of a float32, subnormals included', () => {
    const bytes = [0x80, 0x3f, 0x40, 0xc0, 0x80, 0x7f, 0x01, 0x00, 0x00, 0x80];
    expect([...decode('BF16', bytes)]).toEqual([1, -3, Infinity, 2 ** -133, -0]);
    const out = new Float32Array(1);
    BF16.decode(Uint8Array.of(0xc0, 0x7f), out);
    expect(out[0]).toBeNaN();
  });
});

describe('blocks worked out by hand', () => {
  it('Q8_0: d = 0.5 times the signed bytes', () => {
    const values = decode('Q8_0', [...half, 1, 255, 127, 128, ...zeros(28)]);
    expect([...values.subarray(0, 5)]).toEqual([0.5, -0.5, 63.5, -64, 0]);
  });

  it('Q4_0: d (q - 8), low nibbles before high ones', () => {
    const values = decode('Q4_0', [...half, 0xf0, ...zeros(14), 0x91]);
    expect([values[0], values[16], values[15], values[31], values[1]]).toEqual([-4, 3.5, -3.5, 0.5, -4]);
  });

  it('Q4_1: d q + m', () => {
    const values = decode('Q4_1', [...half, ...minusTwo, 0xf1, ...zeros(15)]);
    expect([values[0], values[16], values[1]]).toEqual([-1.5, 5.5, -2]);
  });

  it('Q5_0: the fifth bit of value i is bit i of the word before the nibbles', () => {
    const values = decode('Q5_0', [...one, 0x01, 0x00, 0x02, 0x00, 0x23, ...zeros(15)]);
    expect([values[0], values[16], values[1], values[17]]).toEqual([3, -14, -16, 0]);
  });

  it('Q5_1: d q + m with the fifth bit', () => {
    const values = decode('Q5_1', [...half, ...one, 0x01, 0x00, 0x00, 0x80, 0x23, ...zeros(14), 0xf0]);
    expect([values[0], values[16], values[15], values[31]]).toEqual([10.5, 2, 1, 16.5]);
  });

  it('unpacks six-bit scales and minima', () => {
    const packed = Uint8Array.of(0xc5, 0, 0, 63, 0x46, 0, 0, 1, 0x21, 0, 0, 0xff);
    expect([0, 3, 4, 7].map((j) => subScale(packed, 0, j))).toEqual([5, 63, 49, 15]);
    expect([0, 3, 4, 7].map((j) => subMinimum(packed, 0, j))).toEqual([6, 1, 18, 15]);
  });

  it('Q4_K: d s q - dmin m by sub-blocks of 32', () => {
    const scales = [2, 3, 0, 0, 1, 4, 0, 0, ...zeros(4)];
    const values = decode('Q4_K', [...half, ...one, ...scales, 0x73, ...zeros(127)]);
    expect([values[0], values[32], values[1], values[33], values[64]]).toEqual([2, 6.5, -1, -4, 0]);
  });

  it('Q5_K: bit j of byte i is the fifth bit of value i of sub-block j', () => {
    const scales = [2, 3, 0, 0, 1, 4, 0, 0, ...zeros(4)];
    const values = decode('Q5_K', [...half, ...one, ...scales, 0x02, ...zeros(31), 0x73, ...zeros(127)]);
    expect([values[0], values[32], values[33]]).toEqual([2, 30.5, -4]);
  });

  it('Q6_K: d s (q - 32) by signed scales of 16 values', () => {
    const bytes = [0x21, ...zeros(127), 0x31, ...zeros(63), 2, 255, ...zeros(14), ...half];
    const values = decode('Q6_K', bytes);
    expect([values[0], values[1], values[16], values[64]]).toEqual([-15, -32, 16, 0]);
  });
});

describe('blocks of another implementation', () => {
  it.each(fixture.blocks)('$type gives the same float32 values, bit by bit', ({ type, bytes, values }) => {
    const want = Buffer.from(values, 'base64');
    const got = decode(type, Buffer.from(bytes, 'base64'));
    expect(Buffer.from(got.buffer).equals(want)).toBe(true);
  });
});
