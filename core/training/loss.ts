import * as tf from '@tensorflow/tfjs-core';
import type { DropoutDraw } from '../contracts/backbone.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { StepPosition } from '../contracts/moments.js';
import type { PassRequest, PassResult } from '../contracts/passes.js';
import { tokenCrossEntropy } from '../engine/ops/cross-entropy.js';
import type { Packing } from './packing.js';
import type { NamedRegularizer, Participants } from './participants.js';
import { runPass, type SharedPass, sharePasses } from './passes.js';

/** One micro-batch of an optimizer step. */
export interface MicroBatch {
  readonly batch: TrainingBatch;
  readonly step: StepPosition;
  /** This micro-batch's answer tokens as a part of the step's, 0-1. */
  readonly share: number;
  /** Whether penalties over weights are paid here: in the first micro-batch of the step. */
  readonly paysWeights: boolean;
  readonly dropout: DropoutDraw;
}

export interface MicroResult {
  /** The cross-entropy's and each regularizer's part of the step's loss, in nats. */
  readonly terms: Float32Array;
  /** Gradient of the sum of the terms [n]; the caller disposes it. */
  readonly gradient: tf.Tensor1D;
}

interface Asked extends NamedRegularizer {
  readonly passes: Record<string, PassRequest>;
}

const MAIN: PassRequest = { edits: 'step', logits: 'answers' };

/** Loss terms and gradient of one micro-batch; every distinct pass runs once, those without gradient off the tape. */
export function microGradient(run: Participants, packing: Packing, micro: MicroBatch): MicroResult {
  const { batch, step } = micro;
  const stepEdits = run.interventions
    .filter(({ intervention }) => step.taskIndex >= intervention.startsAt)
    .flatMap(({ intervention }) => intervention.edits(step, batch));
  const asked = askedPasses(run.regularizers, micro);
  const requests = [MAIN, ...asked.flatMap(({ passes }) => Object.values(passes))];
  const passes = sharePasses(requests, { rows: batch, stepEdits });
  let terms: tf.Tensor1D | undefined;
  try {
    return tf.tidy(() => {
      const fixed = runAll(passes.filter((pass) => !pass.gradient));
      const { grads } = variableGradients(run, () => {
        const results = new Map([...fixed, ...runAll(passes.filter((pass) => pass.gradient))]);
        terms = tf.keep(tf.stack(lossTerms(run.regularizers, asked, results, micro))) as tf.Tensor1D;
        return tf.sum(terms);
      });
      return { terms: (terms as tf.Tensor1D).dataSync<'float32'>(), gradient: packing.pack(grads) };
    });
  } finally {
    terms?.dispose();
  }

  function runAll(some: readonly SharedPass[]): Map<PassRequest, PassResult> {
    return new Map(some.flatMap((pass) => [...runPass(pass, run, micro.dropout)]));
  }
}

function acts({ regularizer }: NamedRegularizer, { step, paysWeights }: MicroBatch): boolean {
  return step.taskIndex >= regularizer.startsAt && (regularizer.over === 'positions' || paysWeights);
}

function askedPasses(regularizers: readonly NamedRegularizer[], micro: MicroBatch): Asked[] {
  return regularizers
    .filter((named) => acts(named, micro))
    .map((named) => ({ ...named, passes: named.regularizer.passes?.(micro.step, micro.batch) ?? {} }));
}

/** Gradients by the adapter's names of its variables; none for a variable that the loss does not reach. */
function variableGradients({ adapter }: Participants, loss: () => tf.Scalar): { grads: Record<string, tf.Tensor> } {
  const variables = adapter.trainable();
  const { grads } = tf.variableGrads(loss, Object.values(variables));
  const named = Object.entries(variables).filter(([, variable]) => grads[variable.name]);
  return { grads: Object.fromEntries(named.map(([name, variable]) => [name, grads[variable.name]])) };
}

/** The step's cross-entropy, then a term per regularizer (0 where it does not act), each weighted for this micro-batch. */
function lossTerms(
  regularizers: readonly NamedRegularizer[],
  asked: readonly Asked[],
  results: ReadonlyMap<PassRequest, PassResult>,
  micro: MicroBatch,
): tf.Scalar[] {
  const { logits } = results.get(MAIN) as PassResult;
  const crossEntropy = tf.mul(tf.mean(tokenCrossEntropy(logits as tf.Tensor2D, nextLabels(micro.batch))), micro.share);
  const penalties = regularizers.map(({ name, regularizer }) => {
    const own = asked.find((entry) => entry.name === name);
    if (!own) return tf.scalar(0);
    const passes = Object.entries(own.passes).map(([key, request]) => [key, results.get(request)]);
    const moment = { step: micro.step, batch: micro.batch, passes: Object.fromEntries(passes) };
    return tf.mul(regularizer.penalty(moment), regularizer.over === 'positions' ? micro.share : 1);
  });
  return [crossEntropy, ...penalties] as tf.Scalar[];
}

/** The label that each answer position predicts [P]. */
function nextLabels({ labels, answerPositions }: TrainingBatch): Int32Array {
  return answerPositions.map((position) => labels[position + 1]);
}
