import * as tf from '@tensorflow/tfjs-core';
import type { LinearSite, LowRankPair, NamedTensors } from '../../core/index.js';
import { frozenCopy, tensorsOf } from './pair.js';

const key = (group: string, site: string, side: 'A' | 'B'): string => `${group}/${site}.lora_${side}`;

/** Groups of pairs as named tensors; the caller disposes them. */
export function storePairs(groups: ReadonlyMap<string, readonly LowRankPair[]>): NamedTensors {
  const tensors: NamedTensors = {};
  for (const [group, pairs] of groups) {
    for (const pair of pairs) {
      const { a, b } = tensorsOf(pair);
      tensors[key(group, pair.site, 'A')] = a;
      tensors[key(group, pair.site, 'B')] = b;
    }
  }
  return tensors;
}

/** A group of pairs in the order of the sites; empty where it was not stored. */
export function pairsFrom(
  tensors: NamedTensors,
  group: string,
  sites: readonly LinearSite[],
  scale: number,
): LowRankPair[] {
  return sites.flatMap((site) => {
    const a: tf.Tensor | undefined = tensors[key(group, site.name, 'A')];
    const b: tf.Tensor | undefined = tensors[key(group, site.name, 'B')];
    return a && b ? [frozenCopy(site, { a, b }, scale)] : [];
  });
}
