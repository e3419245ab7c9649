import type { ActivationSite, LinearSite, ModelSizes } from '../../core/index.js';

/** Site names, which are Hugging Face's module paths; `heads` is the input of o_proj split by head. */
export const siteNames = {
  embedding: 'model.embed_tokens',
  heads: (layer: number) => `model.layers.${layer}.heads`,
  attention: (layer: number) => `model.layers.${layer}.attention`,
  residual: (layer: number) => `model.layers.${layer}`,
  norm: 'model.norm',
  linear: (layer: number, kind: LinearKind) => `model.layers.${layer}.${isMlp(kind) ? 'mlp' : 'self_attn'}.${kind}`,
};

export const linearKinds = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LinearKind = (typeof linearKinds)[number];

/** Those that work on each position by itself, from head outputs to the residual after the layer. */
export const kindsBehindHeads: readonly LinearKind[] = ['o_proj', 'gate_proj', 'up_proj', 'down_proj'];

/** The activation sites within a layer, in order. */
export function layerSites(layer: number): string[] {
  return [siteNames.heads(layer), siteNames.attention(layer), siteNames.residual(layer)];
}

function isMlp(kind: LinearKind): boolean {
  return kind === 'gate_proj' || kind === 'up_proj' || kind === 'down_proj';
}

/** [in, out] features of a linear layer. */
function features(kind: LinearKind, sizes: ModelSizes): [number, number] {
  const { width, heads, keyValueHeads, headWidth, feedForward } = sizes;
  switch (kind) {
    case 'q_proj':
      return [width, heads * headWidth];
    case 'k_proj':
    case 'v_proj':
      return [width, keyValueHeads * headWidth];
    case 'o_proj':
      return [heads * headWidth, width];
    case 'gate_proj':
    case 'up_proj':
      return [width, feedForward];
    case 'down_proj':
      return [feedForward, width];
  }
}

export function linearSites(sizes: ModelSizes): LinearSite[] {
  return Array.from({ length: sizes.layers }, (_, layer) =>
    linearKinds.map((kind) => {
      const [inFeatures, outFeatures] = features(kind, sizes);
      return { name: siteNames.linear(layer, kind), kind, layer, inFeatures, outFeatures };
    }),
  ).flat();
}

export function activationSites(sizes: ModelSizes): ActivationSite[] {
  const residual = '[B, T, D]';
  const layers = Array.from({ length: sizes.layers }, (_, layer) => [
    { name: siteNames.heads(layer), layer, shape: '[B, T, H, d_h]' },
    { name: siteNames.attention(layer), layer, shape: residual },
    { name: siteNames.residual(layer), layer, shape: residual },
  ]);
  return [
    { name: siteNames.embedding, layer: -1, shape: residual },
    ...layers.flat(),
    { name: siteNames.norm, layer: sizes.layers, shape: residual },
  ];
}
