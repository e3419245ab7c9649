import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../contracts/tensors.js';

/** What `map` makes of every tensor, by the same names; the caller disposes it. Tensors made on the way are freed. */
export function mapTensors(tensors: NamedTensors, map: (tensor: tf.Tensor, name: string) => tf.Tensor): NamedTensors {
  return tf.tidy(() => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(tensor, name)])));
}

/** Copies by the same names; the caller disposes them. */
export function copyTensors(tensors: NamedTensors): NamedTensors {
  return mapTensors(tensors, (tensor) => tf.clone(tensor));
}

/** Adds `more` to sums of equal names, new names begin at it. The new sums outlive any tf.tidy, the old ones are freed. */
export function growTensors(sums: NamedTensors, more: NamedTensors): void {
  for (const [name, tensor] of Object.entries(more)) {
    const old: tf.Tensor | undefined = sums[name];
    sums[name] = tf.keep(old ? tf.add(old, tensor) : tf.clone(tensor));
    old?.dispose();
  }
}

/** Groups of tensors as one, by GROUP/NAME; the very tensors, no copies. */
export function joinGroups(groups: Readonly<Record<string, NamedTensors>>): NamedTensors {
  return Object.fromEntries(
    Object.entries(groups).flatMap(([group, tensors]) =>
      Object.entries(tensors).map(([name, tensor]) => [`${group}/${name}`, tensor]),
    ),
  );
}

/** A group's tensors by their own names; the very tensors, no copies. */
export function groupOf(tensors: NamedTensors, group: string): NamedTensors {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(`${group}/`) ? [[name.slice(group.length + 1), tensor]] : [],
    ),
  );
}
