import type { BackboneMemory, LinearSite, ModelSizes, PassShape } from '../../core/index.js';

const FLOAT32 = 4;

/**
 * Frozen weights in bytes. Where the engine needs every linear weight in both orientations (wasm), its matrix products keep a
 * packed copy of each besides.
 * @param tied whether the output head is the embedding
 */
export function weightBytes(
  { vocabulary, width, parameters }: ModelSizes,
  { tied, turned }: { readonly tied: boolean; readonly turned: boolean },
): number {
  if (!turned) return FLOAT32 * parameters;
  const table = vocabulary * width;
  const linear = parameters - (tied ? 0 : table);
  return FLOAT32 * (table + 4 * linear);
}

/** Floats per token of a layer, by whether the backward pass reads them or makes them. */
interface LayerFloats {
  readonly kept: number;
  readonly gradients: number;
}

/**
 * Activations in bytes, once the forward pass is over and at the peak of the backward pass, when the gradient of every operation's
 * output is there too. All layers keep what lies between their parts; what lies inside is there of `whole` layers at a time: all
 * of them, or with recomputation those that are made anew together.
 */
export function activationBytes(
  sizes: ModelSizes,
  pass: PassShape,
  whole: number,
): Pick<BackboneMemory, 'kept' | 'peak'> {
  const [between, inside] = [betweenParts(sizes), insideParts(sizes, pass)];
  const bytes = FLOAT32 * pass.rows * pass.length;
  const remade = whole < sizes.layers;
  return {
    kept: bytes * (sizes.layers * between.kept + (remade ? 0 : whole) * inside.kept),
    peak: bytes * (sizes.layers * (between.kept + between.gradients) + whole * (inside.kept + inside.gradients)),
  };
}

/**
 * Kept: the residual x and the attention's output o. Gradients: of x (its two parts' and their sum), and of o; that of the head
 * outputs has the width of the heads.
 */
function betweenParts({ width, heads, headWidth }: ModelSizes): LayerFloats {
  return { kept: 2 * width, gradients: 3 * width + heads * headWidth };
}

/**
 * Kept: the two norms' unit vectors; queries, keys and values by head; attention weights (T per head); gate and up; the residual
 * after attention and what the feed-forward network adds to it; at adapted sites the layer's output and the addition, and the
 * input once for all that share it. Gradients: of q, k, v, gate, up and what goes into down_proj; of the inputs of q, k, v, gate
 * and up, one for each that reads them, and of both norms' outputs and inputs; at adapted sites that of the input once more.
 */
function insideParts(sizes: ModelSizes, { length, adapted }: PassShape): LayerFloats {
  const { width, heads, keyValueHeads, headWidth, feedForward } = sizes;
  const [queries, keys] = [heads * headWidth, keyValueHeads * headWidth];
  const sites = adapted.filter(({ layer }) => layer === 0);
  const kept = 4 * width + queries + 2 * keys + heads * length + 2 * feedForward;
  const gradients = 7 * width + queries + 2 * keys + 3 * feedForward;
  return { kept: kept + adaptedFloats(sites), gradients: gradients + sum(sites.map(({ inFeatures }) => inFeatures)) };
}

function adaptedFloats(sites: readonly LinearSite[]): number {
  const inputs = new Map(sites.map(({ kind, inFeatures }) => [inputOf(kind), inFeatures]));
  return sum([...inputs.values(), ...sites.map(({ outFeatures }) => 2 * outFeatures)]);
}

/** Sites of equal names read the same tensor. */
function inputOf(kind: string): string {
  if (kind === 'q_proj' || kind === 'k_proj' || kind === 'v_proj') return 'attention';
  return kind === 'gate_proj' || kind === 'up_proj' ? 'feed-forward' : kind;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
