import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWeights } from '../../core/weights/open.js';
import type { WeightSource } from '../../core/weights/source.js';
import { realModel } from '../real-model.js';

interface Reference {
  readonly gguf_sha256: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly n_parameters: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly sum: number;
    readonly l2: number;
    readonly absmax: number;
    readonly first8: readonly number[];
    readonly last4: readonly number[];
  }[];
}

const reference: Reference = JSON.parse(readFileSync(new URL('../reference/weights.json', import.meta.url), 'utf8'));
const files = realModel();
const title = files ? 'the weights of SmolLM2' : 'the weights of SmolLM2 (skipped: the model is not in the cache)';

describe.skipIf(!files)(title, () => {
  let source: WeightSource;

  beforeAll(async () => {
    source = await openWeights(files!);
  });

  afterAll(() => source?.close());

  it('are those that the reference values were made with', () => {
    expect(files!.sha256).toBe(reference.gguf_sha256);
    const count = [...source.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    expect(count).toBe(reference.n_parameters);
  });

  it('come with the config that transformers derives', () => {
    const { rms_norm_eps, rope_parameters, ...want } = reference.config;
    const fields = Object.entries(want).filter(([key]) => key in source.config);
    expect(fields.length).toBeGreaterThan(14);
    expect(source.config).toMatchObject(Object.fromEntries(fields));
    expect(source.config.rms_norm_eps).toBeCloseTo(rms_norm_eps as number, 12);
    expect({ rope_theta: source.config.rope_theta, rope_type: 'default' }).toEqual(rope_parameters);
  });

  it.each(reference.tensors)('$name has the reference shape, sums and values', async (want) => {
    const values = await source.read(want.name);
    expect(source.tensors.get(want.name)?.shape).toEqual(want.shape);
    let [sum, squares, largest] = [0, 0, 0];
    for (const value of values) {
      sum += value;
      squares += value * value;
      largest = Math.max(largest, Math.abs(value));
    }
    expect(Math.abs(sum - want.sum)).toBeLessThan(1e-6 * Math.sqrt(values.length * squares) + 1e-6);
    expect(Math.sqrt(squares) / want.l2).toBeCloseTo(1, 6);
    expect(largest / want.absmax).toBeCloseTo(1, 7);
    expectClose(values.subarray(0, 8), want.first8);
    expectClose(values.subarray(-4), want.last4);
  });
});

/** Equal to the 9 digits that the reference is printed with. */
function expectClose(got: Float32Array, want: readonly number[]): void {
  expect(got).toHaveLength(want.length);
  for (const [i, value] of want.entries()) expect(Math.abs(got[i] - value)).toBeLessThanOrEqual(1e-8 * Math.abs(value));
}
