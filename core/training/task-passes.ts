import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../contracts/adapter.js';
import type { TokenBatch, TrainingBatch } from '../contracts/batch.js';
import type { ModelView } from '../contracts/model-view.js';
import type { AdapterView, GradientRequest, PassRequest, PassResult, PassRunner } from '../contracts/passes.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { trainingBatch } from '../text/examples.js';
import { additionsOf, modelView } from './additions.js';
import { sharePasses } from './passes.js';
import { rowGradients } from './row-gradients.js';
import { type PassModel, runPass } from './run-pass.js';
import type { PreparedTask } from './task-data.js';

/** The passes of beforeTask and afterTask: one at a time, without dropout. */
export class TaskPasses implements PassRunner {
  /** @param batchSize rows of a batch unless asked otherwise */
  constructor(
    private readonly passModel: PassModel & { readonly adapter: Adapter },
    private readonly task: PreparedTask,
    private readonly batchSize: number,
    private readonly pad: number,
  ) {}

  run<R>(request: PassRequest & { rows: TokenBatch | TrainingBatch }, use: (result: PassResult) => R): R {
    return tf.tidy(() => {
      const [pass] = sharePasses([request], { rows: request.rows });
      const result = runPass(pass, this.passModel).get(request) as PassResult;
      return use(result) as R & tf.TensorContainer;
    });
  }

  gradients(request: GradientRequest, loss: (result: PassResult) => tf.Tensor1D): NamedTensors {
    return rowGradients(request, loss, this.passModel);
  }

  model(view: AdapterView): ModelView {
    return modelView(this.passModel.backbone, additionsOf(this.passModel.adapter, view));
  }

  *trainingBatches({
    rows = this.batchSize,
    indices = [...this.task.examples.keys()],
  }: {
    rows?: number;
    indices?: readonly number[];
  } = {}): Iterable<TrainingBatch> {
    for (let start = 0; start < indices.length; start += rows) {
      yield trainingBatch(this.task.examples, indices.slice(start, start + rows), this.pad);
    }
  }
}
