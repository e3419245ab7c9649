import * as tf from '@tensorflow/tfjs-core';
import { override } from './override.js';

/** Who is told of gradients being taken. */
export interface GradientWatcher {
  /** Runs the forward or the backward part of a gradient. */
  pass<T>(name: 'forward' | 'backward', run: () => T): T;
  /** Asked as an operation is recorded for its gradient: what runs that gradient later. */
  recorded(): <T>(run: () => T) => T;
}

type Gradients = Record<string, () => tf.Tensor>;

/** An operation on the tape; its gradient gives those of its inputs, each made when it is called. */
interface TapeNode {
  gradient?: (dys: tf.Tensor[]) => Gradients;
}

/** Overrides of the engine's parts that take gradients: `tidy`, which names them, and the tape. */
export function gradientOverrides(watcher: GradientWatcher): (() => void)[] {
  const engine = tf.engine();
  return [
    override(engine, 'tidy', (run) => (name, work, mode) => {
      if (name !== 'forward' && name !== 'backward') return run(name, work, mode);
      return watcher.pass(name, () => run(name, work, mode));
    }),
    override(engine, 'addTapeNode', (run) => (...parameters) => {
      run(...parameters);
      const nodes = engine.state.activeTape as unknown as readonly TapeNode[];
      carry(nodes[nodes.length - 1], watcher.recorded());
    }),
  ];
}

function carry(node: TapeNode, resume: <T>(run: () => T) => T): void {
  const { gradient } = node;
  if (!gradient) return;
  node.gradient = (dys) => {
    const made = resume(() => gradient(dys));
    return Object.fromEntries(Object.entries(made).map(([input, one]) => [input, () => resume(one)]));
  };
}
