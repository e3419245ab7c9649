import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../contracts/adapter.js';
import type { LinearAddition, LinearSite } from '../contracts/backbone.js';
import type { GradientRequest, PassResult } from '../contracts/passes.js';
import type { NamedTensors, NamedVariables } from '../contracts/tensors.js';
import { lowRankRows, weightProbe } from '../engine/ops/row-gradients.js';
import { mapTensors } from './named-tensors.js';
import { sharePasses } from './passes.js';
import { type PassModel, runPass } from './run-pass.js';

type RowLoss = (result: PassResult) => tf.Tensor1D;

/**
 * Gradients of a loss of every row, put together over the rows as the request says. Squares and magnitudes of single rows'
 * gradients come of one backward pass over the whole batch wherever what trains is a low-rank pair or a merged weight, since a
 * linear layer's gradient is a product of two activations of the row; other adapters go row by row. The caller disposes them.
 */
export function rowGradients(request: GradientRequest, loss: RowLoss, model: Model): NamedTensors {
  const { of, reduce } = request;
  if (of === 'weights') return weightGradients(request, loss, model);
  if (reduce === 'sum') return variableGradients(request, loss, model, model.adapter.trainable());
  return model.adapter.factors ? pairGradients(request, loss, model) : oneByOne(request, loss, model);
}

type Model = PassModel & { readonly adapter: Adapter };

/** By the adapter's names of its variables; zeros where the loss does not reach one. */
function variableGradients(
  request: GradientRequest,
  loss: RowLoss,
  model: PassModel,
  variables: NamedVariables,
): NamedTensors {
  const entries = Object.entries(variables);
  const grads = gradientsOf(
    entries.map(([, variable]) => variable),
    () => lossOf(request, loss, model),
  );
  return Object.fromEntries(entries.map(([name], i) => [name, grads[i]]));
}

function pairGradients(request: GradientRequest, loss: RowLoss, model: Model): NamedTensors {
  const { rows, reduce } = request;
  const { adapter } = model;
  const addition = (site: LinearSite): LinearAddition | undefined => {
    const factors = adapter.factors?.(site, 'current');
    return (
      factors && {
        inputs: [factors.a, factors.b],
        apply: (x, [a, b]) => lowRankRows([x, a as tf.Tensor2D, b as tf.Tensor2D], factors.scale, rows.rows, reduce),
      }
    );
  };
  const instead = { ...model, adapter: { sites: adapter.sites, addition } };
  return variableGradients(request, loss, instead, adapter.trainable());
}

function weightGradients(request: GradientRequest, loss: RowLoss, model: Model): NamedTensors {
  const { rows, reduce } = request;
  const { adapter } = model;
  return tf.tidy(() => {
    const probes = new Map(
      adapter.sites.map(({ name, inFeatures, outFeatures }) => [name, tf.zeros<tf.Rank.R2>([outFeatures, inFeatures])]),
    );
    const addition = (site: LinearSite): LinearAddition | undefined => {
      const probe = probes.get(site.name);
      const own = adapter.addition(site, 'current');
      if (!probe) return own;
      return {
        inputs: [...(own?.inputs ?? []), probe],
        apply: (x, inputs) => {
          const y = own ? own.apply(x, inputs.slice(0, -1)) : tf.zeros<tf.Rank.R2>([x.shape[0], site.outFeatures]);
          return weightProbe(y, inputs[inputs.length - 1] as tf.Tensor2D, x, rows.rows, reduce);
        },
      };
    };
    const grads = gradientsOf([...probes.values()], () =>
      lossOf(request, loss, { ...model, adapter: { sites: adapter.sites, addition } }),
    );
    return Object.fromEntries([...probes.keys()].map((name, i) => [name, grads[i]]));
  });
}

/**
 * For adapters of which nothing more is known: one row's loss after the other. The loss knows the whole batch, so each takes a
 * run of all rows.
 */
function oneByOne(request: GradientRequest, loss: RowLoss, model: Model): NamedTensors {
  const each = (gradient: tf.Tensor) => (request.reduce === 'sum-of-squares' ? tf.square(gradient) : tf.abs(gradient));
  const variables = model.adapter.trainable();
  const sum = { ...request, reduce: 'sum' } as const;
  return tf.tidy(() => {
    const parts = Array.from({ length: request.rows.rows }, (_, row) => {
      const own: RowLoss = (result) => tf.slice(loss(result), row, 1);
      return tf.tidy(() => mapTensors(variableGradients(sum, own, model, variables), each));
    });
    return mapTensors(parts[0], (_, name) => tf.addN(parts.map((part) => part[name])));
  });
}

function lossOf(request: GradientRequest, loss: RowLoss, model: PassModel): tf.Scalar {
  const asked = { ...request, adapters: 'current', gradient: true } as const;
  const [pass] = sharePasses([asked], { rows: request.rows });
  return tf.sum(loss(runPass(pass, model).get(asked) as PassResult));
}

function gradientsOf(xs: tf.Tensor[], loss: () => tf.Scalar): tf.Tensor[] {
  return tf.tidy(() => {
    const { grads } = tf.engine().gradients(loss, xs, undefined, true);
    return xs.map((x, i) => grads[i] ?? tf.zerosLike(x));
  });
}
