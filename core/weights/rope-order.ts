/**
 * Rows of a query or key projection from interleaved to half-split RoPE order: within a head of width w, row 2i + s
 * becomes row i + s w/2. GGUF files of architecture `llama` store them interleaved, Hugging Face half-split.
 * @param values [heads * w, columns], row-major (columns 1: a bias)
 */
export function toHalfSplitRows(values: Float32Array, rows: number, heads: number): Float32Array {
  const columns = values.length / rows;
  const width = rows / heads;
  const half = width / 2;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const within = row % width;
    const target = row - within + (within >> 1) + (within & 1) * half;
    out.set(values.subarray(row * columns, (row + 1) * columns), target * columns);
  }
  return out;
}
