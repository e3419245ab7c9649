import type { BackboneMemory, LinearSite, ModelSizes, PassShape, Precision } from '../../core/index.js';

const FLOAT32 = 4;

/**
 * Frozen weights in bytes. Where the engine needs every linear weight in both orientations (wasm), its matrix products keep a
 * packed copy of each besides.
 * @param tied whether the output head is the embedding
 */
export function weightBytes(
  { vocabulary, width, parameters }: ModelSizes,
  { tied, turned, precision }: { readonly tied: boolean; readonly turned: boolean; readonly precision: Precision },
): number {
  if (!turned) return (precision === 'bf16' ? 2 : FLOAT32) * parameters;
  const table = vocabulary * width;
  const linear = parameters - (tied ? 0 : table);
  return FLOAT32 * (table + 4 * linear);
}

/** What decides which activations there are. */
export interface ActivationSettings {
  /** Activations inside every n-th layer are made anew in the backward pass; 0: in none. */
  readonly recomputedEvery: number;
  /** Whether attention is one native operation, which keeps no probabilities. */
  readonly native: boolean;
  readonly precision: Precision;
}

/**
 * Activations in bytes, once the forward pass is over and at the peak of the backward pass, which holds the gradients of one layer
 * at a time and, where that is made anew, its inside.
 */
export function activationBytes(
  sizes: ModelSizes,
  pass: PassShape,
  settings: ActivationSettings,
): Pick<BackboneMemory, 'kept' | 'peak'> {
  const { layers, width } = sizes;
  const { recomputedEvery: every } = settings;
  const remade = every > 0 ? Math.ceil(layers / every) : 0;
  const inside = insideLayer(sizes, pass, settings);
  // The residual; where the inside is made anew, what attention adds to it too.
  const kept = (layers - remade) * (width + inside) + remade * 2 * width;
  const peak = kept + (remade > 0 ? inside : 0) + gradientsOfLayer(sizes);
  const bytes = FLOAT32 * pass.rows * pass.length;
  return { kept: bytes * kept, peak: bytes * peak };
}

/**
 * Floats per token that a layer's operations keep: queries, keys and values; the normed input of adapted sites; the residual
 * after attention; gate and up; without the native operation attention's own queries, keys, values and probabilities; behind
 * adapted feed-forward sites what was added, and the input of down_proj.
 */
function insideLayer(
  sizes: ModelSizes,
  { length, adapted }: PassShape,
  { native, precision }: ActivationSettings,
): number {
  const { width, heads, keyValueHeads, headWidth, feedForward } = sizes;
  const projected = (heads + 2 * keyValueHeads) * headWidth;
  const sites = adapted.filter(({ layer }) => layer === 0);
  const narrow = precision === 'bf16' ? 0.5 : 1;
  const attention = native ? narrow * projected : projected + heads * length;
  return attention + width + 2 * narrow * feedForward + adaptedFloats(sites);
}

/** Floats per token that adapters make operations keep: every input once, and additions that a gate takes in. */
function adaptedFloats(sites: readonly LinearSite[]): number {
  const inputs = new Map(sites.map(({ kind, inFeatures }) => [inputOf(kind), inFeatures]));
  const gates = sites.filter(({ kind }) => inputOf(kind) === 'feed-forward');
  return sum([...inputs.values(), ...gates.map(({ outFeatures }) => outFeatures)]);
}

/** Floats per token of the gradients within the feed-forward half, the larger one: of both its ends, of gate and up and of their product. */
function gradientsOfLayer({ width, feedForward }: ModelSizes): number {
  return 5 * width + 3 * feedForward;
}

/** Sites of equal names read the same tensor. */
function inputOf(kind: string): string {
  if (kind === 'q_proj' || kind === 'k_proj' || kind === 'v_proj') return 'attention';
  return kind === 'gate_proj' || kind === 'up_proj' ? 'feed-forward' : kind;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
