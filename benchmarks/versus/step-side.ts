// Our side of `versus step`: serves optimizer steps of inc-lora in its first task, and matrix products.
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { benchmarkExamples, Stage } from '../steps/stage.js';
import { ourModel } from './our-model.js';
import { StepMemory } from './peak-memory.js';
import { serve } from './protocol.js';
import type { StepAnswer, StepRequest } from './step.js';

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { engine: { type: 'string', default: 'native' }, precision: { type: 'string', default: 'f32' } },
  });
  const model = await ourModel(values.engine, folder, { recompute: 'auto', precision: values.precision });
  const stage = await Stage.begin({ name: 'inc-lora' }, model, benchmarkExamples(folder), 0);
  const steps = new ServedSteps(stage);
  await serve(model.greeting, (request: StepRequest) =>
    'products' in request ? { seconds: products(request.products) } : steps.take(request.steps),
  );
}

class ServedSteps {
  private readonly memory = new StepMemory();
  private done = 0;

  constructor(private readonly stage: Stage) {}

  take(count: number): StepAnswer {
    const records = Array.from({ length: count }, () => {
      const record = this.stage.step();
      if (++this.done === 1) this.memory.firstStepDone();
      return record;
    });
    return {
      seconds: records.map(({ seconds }) => seconds),
      losses: records.map(({ loss }) => loss.total),
      peak: this.memory.read(),
    };
  }
}

/** Seconds of products of two 1024 x 1024 float32 matrices, whose results are not read. */
function products(count: number): number[] {
  const matrix = tf.randomUniform<tf.Rank.R2>([1024, 1024], -1, 1, 'float32', 1);
  const timed = () => {
    const start = performance.now();
    tf.matMul(matrix, matrix).dispose();
    return (performance.now() - start) / 1000;
  };
  timed();
  const seconds = Array.from({ length: count }, timed);
  matrix.dispose();
  return seconds;
}
