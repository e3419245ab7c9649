import * as tf from '@tensorflow/tfjs-core';
import type { LowRankPair } from '../contracts/adapter.js';
import type { Additions, LinearAddition, LinearSite } from '../contracts/backbone.js';
import { lowRankAddition } from '../engine/ops/low-rank.js';
import { problem } from '../errors.js';

/** Low-rank pairs on the engine, as a forward pass takes them. */
export interface LoadedAdditions {
  readonly additions: Additions;
  dispose(): void;
}

/**
 * Puts low-rank pairs at the sites that they name; several at one site add up.
 * @param where names the pairs in errors @throws PalimpsestError ADAPTER_INVALID for a site that the model lacks or of another size
 */
export function additionsOfPairs(
  pairs: readonly LowRankPair[],
  sites: readonly LinearSite[],
  where: string,
): LoadedAdditions {
  const known = new Map(sites.map((site) => [site.name, site]));
  for (const pair of pairs) assertFits(pair, known.get(pair.site), where);
  const bySite = new Map<string, LinearAddition>();
  for (const pair of pairs) {
    const earlier = bySite.get(pair.site);
    bySite.set(pair.site, earlier ? sumOf(earlier, additionOf(pair)) : additionOf(pair));
  }
  return {
    additions: (site) => bySite.get(site.name),
    dispose: () => {
      for (const { inputs } of bySite.values()) tf.dispose([...inputs]);
    },
  };
}

function assertFits(pair: LowRankPair, site: LinearSite | undefined, where: string): void {
  const got = `[${pair.outFeatures}, ${pair.inFeatures}]`;
  if (!site) throw problem('ADAPTER_INVALID', { where, expected: 'sites of this model', got: pair.site });
  if (site.inFeatures !== pair.inFeatures || site.outFeatures !== pair.outFeatures) {
    const expected = `[${site.outFeatures}, ${site.inFeatures}]`;
    throw problem('ADAPTER_INVALID', { where: `${where}: ${pair.site}`, expected, got });
  }
}

function additionOf({ a, b, rank, inFeatures, outFeatures, scale }: LowRankPair): LinearAddition {
  return {
    inputs: [tf.tensor2d(a, [rank, inFeatures]), tf.tensor2d(b, [outFeatures, rank])],
    apply: (x, [a, b]) => lowRankAddition(x, a as tf.Tensor2D, b as tf.Tensor2D, scale),
    lowRank: { scale },
  };
}

function sumOf(first: LinearAddition, second: LinearAddition): LinearAddition {
  const border = first.inputs.length;
  return {
    inputs: [...first.inputs, ...second.inputs],
    apply: (x, inputs) => tf.add(first.apply(x, inputs.slice(0, border)), second.apply(x, inputs.slice(border))),
  };
}
