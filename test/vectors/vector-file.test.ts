import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModelSizes } from '../../core/contracts/backbone.js';
import { readVectorFile } from '../../core/vectors/vector-file.js';
import { writeSafetensors } from '../../core/weights/safetensors-write.js';
import { toyTask } from '../training/toy-run.js';

const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Two layers of three heads of two channels: the value at (l, h, c) is 100 l + 10 h + c. */
const sizes = { layers: 2, heads: 3, headWidth: 2 } as ModelSizes;
const values = Float32Array.of(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121);

async function written(name: string, shape = [2, 3, 2]): Promise<string> {
  const path = join(folder, 'vectors.safetensors');
  await writeSafetensors(path, [{ name, shape, values }]);
  return path;
}

describe('a file of mean activations', () => {
  it('gives those of the heads asked for, in their order', async () => {
    const file = await readVectorFile(await written('plural'), sizes, [toyTask('plural', [])]);
    const heads = [
      [1, 2],
      [0, 1],
    ] as const;
    expect([...file.of('plural', heads)]).toEqual([120, 121, 10, 11]);
  });

  it('is refused without a tensor for every task', async () => {
    const path = await written('plural');
    await expect(readVectorFile(path, sizes, [toyTask('plural', []), toyTask('past', [])])).rejects.toThrow(
      /TENSOR_INVALID.*vectors.safetensors, tensor past.*\[2, 3, 2\].*only plural/,
    );
  });

  it('is refused for another model', async () => {
    const path = await written('plural', [3, 2, 2]);
    await expect(readVectorFile(path, sizes, [toyTask('plural', [])])).rejects.toThrow(/TENSOR_INVALID.*\[3, 2, 2\]/);
  });
});
