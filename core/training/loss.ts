import * as tf from '@tensorflow/tfjs-core';
import type { DropoutDraw } from '../contracts/backbone.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { MicroPosition } from '../contracts/moments.js';
import type { PassResult } from '../contracts/passes.js';
import type { Unit } from '../contracts/regularizer.js';
import { tokenCrossEntropy } from '../engine/ops/cross-entropy.js';
import { releasingGradients } from '../engine/ops/fused.js';
import { nextLabels } from '../text/examples.js';
import type { IdleWatch, TermProbe } from './idle-watch.js';
import type { KeptPasses } from './kept-passes.js';
import type { Packing } from './packing.js';
import type { NamedRegularizer, Participants } from './participants.js';
import type { PassResults } from './run-pass.js';
import { runGroups } from './run-passes.js';
import { type AskedRegularizer, planStep, type StepPlan } from './step-plan.js';

/** One micro-batch of an optimizer step. */
export interface MicroBatch {
  readonly batch: TrainingBatch;
  readonly step: MicroPosition;
  /** This micro-batch's part of the step's rows or positions, 0-1. */
  share(unit: Unit): number;
  readonly dropout: DropoutDraw;
}

export interface MicroResult {
  /** The cross-entropy's and each regularizer's part of the step's loss, in nats. */
  readonly terms: Float32Array;
  /** Gradient of the sum of the terms [n]; the caller disposes it. */
  readonly gradient: tf.Tensor1D;
}

/** What the steps of one task share. */
export interface StepParts {
  readonly run: Participants;
  readonly packing: Packing;
  readonly kept: KeptPasses;
  readonly watch: IdleWatch;
}

/** Loss terms and gradient of one micro-batch; every distinct pass runs once, those without gradient off the tape. */
export function microGradient(parts: StepParts, micro: MicroBatch): MicroResult {
  const { run, watch } = parts;
  const plan = planStep(run, micro, watch);
  const result = weightedTerms(parts, micro, plan);
  for (const asked of plan.asked) {
    if (watch.wants(asked.name, micro.step)) watch.saw(asked.name, probeTerm(parts, micro, asked));
  }
  return result;
}

function weightedTerms(parts: StepParts, micro: MicroBatch, plan: StepPlan): MicroResult {
  let terms: tf.Tensor1D | undefined;
  try {
    return tf.tidy(() => {
      const gradients = gradientsOf(parts, micro, plan, (results) => {
        terms = tf.keep(tf.stack(lossTerms(parts.run.regularizers, plan, results, micro))) as tf.Tensor1D;
        return tf.sum(terms);
      });
      return { terms: (terms as tf.Tensor1D).dataSync<'float32'>(), gradient: parts.packing.pack(gradients) };
    });
  } finally {
    terms?.dispose();
  }
}

/** Gradients of a scalar over a plan's passes, by the adapter's names of its variables; none where it does not reach one. */
function gradientsOf(
  { run, kept }: StepParts,
  { batch, step, dropout }: MicroBatch,
  plan: StepPlan,
  loss: (results: PassResults) => tf.Scalar,
): Record<string, tf.Tensor> {
  const lasting = kept.serve(plan.kept, batch, {
    store: step.epoch + 1 < step.epochs,
    run: (requests) => runGroups(plan.groupsOf(requests), run),
  });
  const fixed = runGroups(plan.fixed, run);
  const entries = Object.entries(run.adapter.trainable());
  const { grads } = releasingGradients((forwardIsOver) =>
    tf.engine().gradients(
      () => {
        const value = loss(new Map([...lasting, ...fixed, ...runGroups(plan.flowing, run, dropout)]));
        forwardIsOver();
        return value;
      },
      entries.map(([, variable]) => variable),
      undefined,
      true,
    ),
  );
  return Object.fromEntries(entries.flatMap(([name], i) => (grads[i] ? [[name, grads[i]]] : [])));
}

/** The step's cross-entropy, then a term per regularizer (0 where it does not act), each weighted for this micro-batch. */
function lossTerms(
  regularizers: readonly NamedRegularizer[],
  { main, asked }: StepPlan,
  results: PassResults,
  micro: MicroBatch,
): tf.Scalar[] {
  const { logits } = results.get(main) as PassResult;
  const crossEntropy = tf.mul(
    tf.mean(tokenCrossEntropy(logits as tf.Tensor2D, nextLabels(micro.batch))),
    micro.share('answers'),
  );
  const penalties = regularizers.map((named) => {
    const own = asked.find(({ name }) => name === named.name);
    return own ? penaltyOf(own, results, micro) : tf.scalar(0);
  });
  return [crossEntropy, ...penalties] as tf.Scalar[];
}

function penaltyOf({ regularizer, passes }: AskedRegularizer, results: PassResults, micro: MicroBatch): tf.Scalar {
  const own = Object.entries(passes).map(([key, request]) => [key, results.get(request)]);
  const { step, batch } = micro;
  const share = (unit: Unit) => micro.share(unit);
  const penalty = regularizer.penalty({ step, batch, passes: Object.fromEntries(own), share });
  const { over } = regularizer;
  return over === 'weights' || over === 'shares' ? penalty : tf.mul(penalty, share(over));
}

/** A regularizer's term by itself. */
function probeTerm(parts: StepParts, micro: MicroBatch, named: NamedRegularizer): TermProbe {
  const plan = planStep({ ...parts.run, regularizers: [named] }, micro, parts.watch, { withMain: false });
  let term = 0;
  let flows = false;
  tf.tidy(() => {
    const gradients = gradientsOf(parts, micro, plan, (results) => {
      const penalty = penaltyOf(plan.asked[0], results, micro);
      [term] = penalty.dataSync<'float32'>();
      return penalty;
    });
    flows = Object.values(gradients).some((gradient) => gradient.dataSync().some((value) => value !== 0));
  });
  return { term, flows };
}
