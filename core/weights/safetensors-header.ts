import { z } from 'zod';
import type { TensorInfo } from './source.js';
import { damaged, type TensorFile } from './tensor-file.js';

/** Bytes of one value of every dtype of the safetensors format. */
const valueBytes: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

const maxHeaderBytes = 100_000_000;

const side = z.number().int().min(0);

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(side),
  data_offsets: z.tuple([side, side]),
});

const metadataSchema = z.record(z.string(), z.string());

export interface SafetensorsTensor extends TensorInfo {
  /** Byte position in the file. */
  readonly position: number;
  /** Number of values. */
  readonly count: number;
}

export interface SafetensorsHeader {
  /** The `__metadata__` entry. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}

/**
 * Reads and checks a header: its length, its JSON, and that the tensors fill the rest of the file without gap or overlap,
 * each with as many bytes as its shape and dtype need.
 * @throws PalimpsestError MODEL_FILE
 */
export async function readHeader(file: TensorFile): Promise<SafetensorsHeader> {
  if (file.size < 8) throw damaged(file.path, 'a safetensors header', `a file of ${file.size} bytes`);
  const prefix = await file.bytes(0, 8);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > Math.min(maxHeaderBytes, file.size - 8)) {
    throw damaged(file.path, `a header of at most ${Math.min(maxHeaderBytes, file.size - 8)} bytes`, `${length}`);
  }
  const { __metadata__, ...entries } = headerObject(file.path, await file.bytes(8, length));
  const metadata = metadataSchema.optional().safeParse(__metadata__);
  if (!metadata.success) throw damaged(`${file.path}: __metadata__`, 'text values', 'others');
  const tensors = Object.entries(entries).map(([name, entry]) => tensorOf(file.path, name, entry, 8 + length));
  checkLayout(file, tensors, 8 + length);
  return { metadata: metadata.data ?? {}, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
}

function headerObject(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    throw damaged(path, 'a header of JSON', error instanceof Error ? error.message : String(error));
  }
  throw damaged(path, 'a header with a JSON object', 'something else');
}

function tensorOf(path: string, name: string, entry: unknown, dataStart: number): SafetensorsTensor {
  const where = `${path}: ${name}`;
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) throw damaged(where, 'dtype, shape and data_offsets', JSON.stringify(entry).slice(0, 80));
  const { dtype, shape, data_offsets } = parsed.data;
  const size = valueBytes[dtype];
  if (size === undefined) throw damaged(where, `a dtype of ${Object.keys(valueBytes).join(', ')}`, dtype);
  const count = shape.reduce((product, length) => product * length, 1);
  const bytes = data_offsets[1] - data_offsets[0];
  if (bytes !== count * size) {
    throw damaged(where, `${count * size} bytes for ${dtype} [${shape.join(', ')}]`, `offsets that hold ${bytes}`);
  }
  return { name, shape, type: dtype, position: dataStart + data_offsets[0], count };
}

function checkLayout(file: TensorFile, tensors: readonly SafetensorsTensor[], dataStart: number): void {
  let end = dataStart;
  for (const { name, position, type, count } of tensors.toSorted(
    (a, b) => a.position - b.position || a.count - b.count,
  )) {
    if (position !== end) {
      const got = `${position < end ? 'an overlap' : 'a gap'} at ${position - dataStart}`;
      throw damaged(`${file.path}: ${name}`, `data from offset ${end - dataStart} on`, got);
    }
    end = position + count * valueBytes[type];
    if (end > file.size) {
      throw damaged(`${file.path}: ${name}`, `a file of at least ${end} bytes`, `one of ${file.size}: it is truncated`);
    }
  }
  if (end !== file.size) throw damaged(file.path, `a file of ${end} bytes`, `one of ${file.size}`);
}
