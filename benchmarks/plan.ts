/*
 * What training Llama-2-7B takes, worked out and not measured: bytes by part and operations of a step, in float32 and with frozen weights in
 * bfloat16, with activations kept and made anew in every layer.
 *
 *     node benchmarks/run.js plan [--rows 8] [--length 562] [--accumulate 8]
 *
 * --rows and --length are the rows of a micro-batch and their longest tokens, --accumulate the micro-batches of a step. Prints Markdown; writes no
 * file.
 */
import { parseArgs } from 'node:util';
import type { LinearSite, ModelSizes, Precision } from '../core/index.js';
import { markdownTable } from '../core/report/markdown-table.js';
import { activationBytes, weightBytes } from '../plugins/llama/memory.js';

const sizes: ModelSizes = {
  ...{ vocabulary: 32000, width: 4096, layers: 32, heads: 32, keyValueHeads: 32, headWidth: 128, feedForward: 11008 },
  ...{ maxPositions: 4096, parameters: 6_738_415_616 },
};

/** Query and value projections of every layer, which the paper adapts. */
const adapted = Array.from({ length: sizes.layers }, (_, layer) =>
  ['q_proj', 'v_proj'].map((kind): LinearSite => {
    return {
      name: `model.layers.${layer}.self_attn.${kind}`,
      kind,
      layer,
      inFeatures: sizes.width,
      outFeatures: sizes.width,
    };
  }),
).flat();

/** @param _folder benchmarks/, absolute */
export async function main(args: string[], _folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string', default: '8' },
      length: { type: 'string', default: '562' },
      accumulate: { type: 'string', default: '8' },
    },
  });
  const [rows, length, accumulate] = [values.rows, values.length, values.accumulate].map(Number);
  const lines = (['f32', 'bf16'] as const).flatMap((precision) =>
    [0, 1].map((recomputedEvery) => planned({ rows, length, accumulate, precision, recomputedEvery })),
  );
  process.stdout.write(`${markdownTable(Object.keys(lines[0]), lines.map(Object.values))}\n`);
}

interface Plan {
  readonly rows: number;
  readonly length: number;
  readonly accumulate: number;
  readonly precision: Precision;
  readonly recomputedEvery: number;
}

function planned({ rows, length, accumulate, precision, recomputedEvery }: Plan): Record<string, string | number> {
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const weights = weightBytes(sizes, { tied: false, turned: false, precision });
  const settings = { recomputedEvery, native: false, precision };
  const { peak } = activationBytes(sizes, { rows, length, adapted }, settings);
  const tokens = rows * length * accumulate;
  const passes = recomputedEvery > 0 ? 3 : 2;
  const operations = passes * tokens * operationsPerToken(length);
  return {
    precision,
    recompute: recomputedEvery > 0 ? 'layer' : 'none',
    'weights, GB': gigabytes(weights),
    'activations at the peak, GB': gigabytes(peak),
    'in all, GB': gigabytes(weights + peak),
    'operations of a step, 10^12': Math.round(operations / 1e12),
  };
}

/** 2 m n k of a layer's seven matrices and of attention with every earlier token, for one token forward; the output head at answers is left out. */
function operationsPerToken(length: number): number {
  const { width, layers, feedForward } = sizes;
  const matrices = 4 * width * width + 3 * width * feedForward;
  const attention = 2 * width * (length / 2);
  return 2 * layers * (matrices + attention);
}
