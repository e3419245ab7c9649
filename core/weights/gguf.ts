import { stat } from 'node:fs/promises';
import { GGMLQuantizationType, gguf } from '@huggingface/gguf';
import { problem } from '../errors.js';
import { formats } from './formats/table.js';
import { ggufConfig } from './gguf-config.js';
import { huggingFaceName } from './gguf-names.js';
import { toHalfSplitRows } from './rope-order.js';
import type { ModelConfig, TensorInfo, WeightSource } from './source.js';
import { damaged, TensorFile } from './tensor-file.js';

/** One tensor of a GGUF file; `name` and `shape` are Hugging Face's. */
interface StoredTensor extends TensorInfo {
  /** Byte position in the file. */
  readonly position: number;
  readonly count: number;
}

interface GgufHeader {
  readonly metadata: Record<string, unknown>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Every metadata value by its key (`tokenizer.ggml.tokens`, `llama.block_count`); 64-bit integers as numbers.
 * @throws PalimpsestError MODEL_FILE
 */
export async function readGgufMetadata(path: string): Promise<Record<string, unknown>> {
  return (await readHeader(path)).metadata;
}

/** Opens a GGUF file as a Hugging Face model: names, layouts and config. @throws PalimpsestError MODEL_FILE */
export async function openGguf(path: string): Promise<WeightSource> {
  const { metadata, tensors } = await readHeader(path);
  const config = ggufConfig(path, metadata, tensors);
  const file = await TensorFile.open(path);
  return {
    path,
    config,
    tensors,
    metadata,
    read: (name) => readTensor(file, tensors.get(name), name, config),
    close: () => file.close(),
  };
}

async function readTensor(
  file: TensorFile,
  tensor: StoredTensor | undefined,
  name: string,
  config: ModelConfig,
): Promise<Float32Array> {
  if (!tensor) throw problem('TENSOR_INVALID', { where: file.path, expected: `tensor ${name}`, got: 'none' });
  const format = formats.get(tensor.type);
  if (!format) {
    const expected = `a type of ${[...formats.keys()].join(', ')}`;
    throw problem('TENSOR_INVALID', { where: `${file.path}: ${name}`, expected, got: tensor.type });
  }
  const values = await file.values(tensor.position, tensor.count, format);
  const heads = interleavedHeads(name, config);
  return heads ? toHalfSplitRows(values, tensor.shape[0], heads) : values;
}

/** Heads of a tensor whose rows the file holds in interleaved order; 0 for any other. */
function interleavedHeads(name: string, config: ModelConfig): number {
  if (config.model_type !== 'llama') return 0;
  if (/\.self_attn\.q_proj\.(weight|bias)$/.test(name)) return config.num_attention_heads;
  return /\.self_attn\.k_proj\.(weight|bias)$/.test(name) ? config.num_key_value_heads : 0;
}

async function readHeader(path: string): Promise<GgufHeader> {
  const size = await fileSize(path);
  const parsed = await gguf(path, { allowLocalFile: true }).catch((error: unknown) => {
    throw damaged(path, 'a GGUF header', error instanceof Error ? error.message : String(error));
  });
  if (!parsed.littleEndian) throw damaged(path, 'little-endian values', 'big-endian ones');
  const start = Number(parsed.tensorDataOffset);
  if (start > size) throw damaged(path, 'a whole header', `a file that ends in it, at byte ${size}`);
  const tensors = parsed.tensorInfos.map((info): StoredTensor => {
    const shape = info.shape.map(Number).reverse();
    const count = shape.reduce((product, side) => product * side, 1);
    const type = GGMLQuantizationType[info.dtype] ?? `type ${info.dtype}`;
    return { name: huggingFaceName(info.name), shape, type, position: start + Number(info.offset), count };
  });
  checkExtents(path, tensors, size);
  const metadata = Object.fromEntries(Object.entries(parsed.metadata).map(([key, value]) => [key, plain(value)]));
  return { metadata, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
}

async function fileSize(path: string): Promise<number> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw damaged(path, 'a file that can be read', error.code ?? error.message);
  });
  if (info.isFile() && info.size >= 24) return info.size;
  throw damaged(path, 'a GGUF file', info.isFile() ? `${info.size} bytes` : 'something else');
}

/** Every tensor of a known type lies inside the file and alone. */
function checkExtents(path: string, tensors: readonly StoredTensor[], size: number): void {
  let free = 0;
  for (const tensor of tensors.toSorted((a, b) => a.position - b.position)) {
    const where = `${path}: ${tensor.name}`;
    const format = formats.get(tensor.type);
    if (!format) continue;
    if ((tensor.shape.at(-1) ?? 1) % format.values !== 0) {
      throw damaged(where, `rows of a multiple of ${format.values} values`, `shape [${tensor.shape.join(', ')}]`);
    }
    const end = tensor.position + (tensor.count / format.values) * format.bytes;
    if (!(end <= size)) throw damaged(where, `a file of at least ${end} bytes`, `one of ${size}: it is truncated`);
    if (tensor.position < free) throw damaged(where, `data from byte ${free} on`, `an overlap at ${tensor.position}`);
    free = end;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return Array.isArray(value) && typeof value[0] === 'bigint' ? value.map(Number) : value;
}
