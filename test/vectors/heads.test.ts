import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModelSizes } from '../../core/contracts/backbone.js';
import { seededRandom } from '../../core/index.js';
import { headPresets, randomHeads, readHeads } from '../../core/vectors/heads.js';

const folder = mkdtempSync(join(tmpdir(), 'heads-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sizes = { layers: 30, heads: 9 } as ModelSizes;
const model = { sizes, name: '/models/SmolLM2-135M-Instruct' };

/** The heads of a file with this text. */
function read(text: string) {
  const path = join(folder, 'heads.json');
  writeFileSync(path, text);
  return readHeads(path, model, 'plugin "ivg", heads');
}

describe('heads', () => {
  it('of a preset are ten published ones', async () => {
    const { heads: ten } = headPresets['smollm2-135m-instruct'];
    expect(await readHeads('smollm2-135m-instruct', model, 'heads')).toEqual(ten);
    for (const { heads } of Object.values(headPresets)) expect(new Set(heads.map(String)).size).toBe(10);
  });

  it("of `preset` are those of the run's model, whatever its case and folder", async () => {
    expect(await readHeads('preset', model, 'heads')).toEqual(headPresets['smollm2-135m-instruct'].heads);
    const llama = { sizes: { layers: 32, heads: 32 } as ModelSizes, name: 'meta-llama/Llama-2-7b-chat-hf' };
    expect(await readHeads('preset', llama, 'heads')).toEqual(headPresets['llama-2-7b'].heads);
    await expect(readHeads('preset', { sizes, name: 'toy model' }, 'heads')).rejects.toThrow(
      /CONFIG_VALUE.*a model that a preset was made for: llama-2-7b, smollm2-135m-instruct, got toy model/,
    );
  });

  it.each([
    '[[20, 5], [0, 8]]',
    '[[20, 5, 0.17], [0, 8, -1e-3]]',
    '{"model": "any", "heads": [[20, 5], [0, 8]]}',
    '{"top": [[20, 5, 0.17], [0, 8, 0.02]]}',
  ])('come of a file %s', async (text) => {
    expect(await read(text)).toEqual([
      [20, 5],
      [0, 8],
    ]);
  });

  it.each([
    ['[[30, 0]]', /CONFIG_VALUE.*plugin "ivg", heads.*30 layers of 9 heads.*layer 30, head 0/],
    ['[[0, 9]]', /CONFIG_VALUE.*layer 0, head 9/],
    ['[[3, 2], [4, 4], [3, 2]]', /CONFIG_VALUE.*every head once.*layer 3, head 2 twice/],
    ['[]', /DATA_LINE.*heads.json.*\[\[layer, head\], \.\.\.\]/],
    ['[[1]]', /DATA_LINE/],
    ['[[1, 0.5]]', /DATA_LINE/],
    ['[[-1, 0]]', /DATA_LINE/],
    ['{"layers": []}', /DATA_LINE/],
    ['[[1, 2]', /DATA_LINE.*heads.json.*JSON/],
  ])('are refused in a file %s', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('are refused by a name that is neither preset nor file, with the nearest preset', async () => {
    await expect(readHeads('smollm2-135m-instruc', model, 'heads')).rejects.toThrow(
      /CONFIG_VALUE.*did you mean "smollm2-135m-instruct"\?\), no such file/,
    );
  });

  it('of another model are refused', async () => {
    const small = { sizes: { layers: 2, heads: 4 } as ModelSizes, name: 'small' };
    await expect(readHeads('llama-2-7b', small, 'heads')).rejects.toThrow(/CONFIG_VALUE.*2 layers of 4 heads/);
  });
});

describe('random heads', () => {
  const { heads: ten } = headPresets['smollm2-135m-instruct'];
  const drawn = (seed: number) => randomHeads(ten, sizes, seededRandom(seed).stream('heads'));

  it('are as many, all different and none of those they stand in for', () => {
    const heads = drawn(1).map(String);
    expect(new Set(heads).size).toBe(10);
    expect(ten.map(String).filter((head) => heads.includes(head))).toEqual([]);
    expect(drawn(1).every(([layer, head]) => layer < 30 && head < 9)).toBe(true);
  });

  it('are refused where the model has too few others', () => {
    const small = { layers: 1, heads: 3 } as ModelSizes;
    const two = [
      [0, 0],
      [0, 1],
    ] as const;
    expect(() => randomHeads(two, small, seededRandom(1).stream('heads'))).toThrow(/CONFIG_VALUE.*2 other heads.*1/);
  });

  it('depend on the seed', () => {
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });
});
