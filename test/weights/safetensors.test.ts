import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSafetensors, readSafetensors } from '../../core/weights/safetensors.js';
import { writeSafetensors } from '../../core/weights/safetensors-write.js';
import { expectProblem, scratchFolder } from './scratch.js';

const folder = scratchFolder();
let files = 0;

/** A file of a header (object, or text as it stands) and data bytes. */
function fileOf(header: unknown, data: readonly number[], length?: number): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length ?? json.length));
  const path = join(folder, `case-${files++}.safetensors`);
  writeFileSync(path, Buffer.concat([prefix, json, Buffer.from(data)]));
  return path;
}

const entry = (dtype: string, shape: number[], start: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

const eight = [0, 0, 128, 63, 0, 0, 0, 192];

describe('reading', () => {
  it('decodes F32, F16 and BF16 by position', async () => {
    const header = {
      b: entry('BF16', [1, 2], 8, 12),
      a: entry('F32', [2], 0, 8),
      h: entry('F16', [], 12, 14),
      __metadata__: { format: 'pt' },
    };
    const { tensors, metadata } = await readSafetensors(fileOf(header, [...eight, 0x80, 0x3f, 0x40, 0xc0, 0, 0x38]));
    expect([...tensors.get('a')!.values]).toEqual([1, -2]);
    expect([...tensors.get('b')!.values]).toEqual([1, -3]);
    expect([...tensors.get('h')!.values]).toEqual([0.5]);
    expect(tensors.get('b')!.shape).toEqual([1, 2]);
    expect(metadata).toEqual({ format: 'pt' });
  });

  it('lists integer tensors and refuses to read them', async () => {
    const file = await openSafetensors(fileOf({ n: entry('I64', [1], 0, 8) }, eight));
    expect(file.tensors.get('n')).toMatchObject({ type: 'I64', shape: [1] });
    await expectProblem(file.read('n'), 'TENSOR_INVALID', file.path, 'n', 'I64');
    await expectProblem(file.read('other'), 'TENSOR_INVALID', file.path, 'tensor other');
    await file.close();
  });
});

describe('damaged files', () => {
  const cases: [string, () => string, string][] = [
    ['an empty file', () => fileOf('', [], 0), 'header'],
    ['a header longer than the file', () => fileOf({}, [], 1000), 'header of at most'],
    ['a header length beyond any number', () => fileOf({}, eight, 2 ** 60), 'header of at most'],
    ['a header that is not JSON', () => fileOf('{"a":', []), 'JSON'],
    ['a header that is a list', () => fileOf('[]', []), 'JSON object'],
    ['an entry without offsets', () => fileOf({ a: { dtype: 'F32', shape: [2] } }, eight), 'data_offsets'],
    ['an unknown dtype', () => fileOf({ a: entry('F31', [2], 0, 8) }, eight), 'F31'],
    ['a negative side', () => fileOf({ a: entry('F32', [-2], 0, 8) }, eight), 'shape'],
    ['bytes that do not fit the shape', () => fileOf({ a: entry('F32', [3], 0, 8) }, eight), '12 bytes'],
    ['a truncated file', () => fileOf({ a: entry('F32', [3], 0, 12) }, eight), 'truncated'],
    ['trailing bytes', () => fileOf({ a: entry('F32', [1], 0, 4) }, eight), 'a file of'],
    ['an overlap', () => fileOf({ a: entry('F32', [2], 0, 8), b: entry('F32', [1], 4, 8) }, eight), 'an overlap'],
    ['a gap', () => fileOf({ a: entry('F32', [1], 4, 8) }, eight), 'a gap'],
    ['metadata of numbers', () => fileOf({ __metadata__: { n: 1 } }, []), 'text values'],
  ];
  it.each(cases)('refuses %s and names the file', async (_, make, word) => {
    const path = make();
    await expectProblem(openSafetensors(path), 'MODEL_FILE', path, word);
  });

  it('refuses a file that is not there', async () => {
    await expectProblem(openSafetensors(join(folder, 'none')), 'MODEL_FILE', 'none', 'ENOENT');
  });
});

describe('writing', () => {
  it('gives back the same values, shapes and metadata, and leaves no temporary file', async () => {
    const path = join(folder, 'written.safetensors');
    const tensors = [
      { name: 'x', shape: [2, 2], values: Float32Array.of(1, -2.5, 1e-40, Number.POSITIVE_INFINITY) },
      { name: 'y', shape: [0, 3], values: new Float32Array(0) },
      { name: 'z', shape: [1], values: new Float32Array([0, 7]).subarray(1) },
    ];
    await writeSafetensors(path, tensors, { format: 'pt', note: 'α' });
    const back = await readSafetensors(path);
    expect([...back.tensors.values()]).toEqual(tensors.map((tensor) => ({ ...tensor, values: tensor.values.slice() })));
    expect(back.metadata).toEqual({ format: 'pt', note: 'α' });
    expect(readFileSync(path).readUInt32LE(0) % 8).toBe(0);
    expect(readdirSync(folder).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  it('refuses a shape that does not fit, and writes nothing', async () => {
    const path = join(folder, 'wrong.safetensors');
    const wrong = [{ name: 'x', shape: [3], values: new Float32Array(2) }];
    await expectProblem(writeSafetensors(path, wrong), 'TENSOR_INVALID', 'x', '[3]');
    expect(readdirSync(folder)).not.toContain('wrong.safetensors');
  });

  it('says where it cannot write', async () => {
    const path = join(folder, 'missing', 'x.safetensors');
    await expectProblem(writeSafetensors(path, []), 'OUTPUT_WRITE', path, 'ENOENT');
  });
});
