import * as tf from '@tensorflow/tfjs-core';
import {
  type AdapterView,
  BACKBONE,
  CONFIG_FOLDER,
  type Declarations,
  definePlugin,
  type LinearAddition,
  type LinearSite,
  type LowRankPair,
  type NamedVariables,
  OPTIONS,
  RANDOM,
  type TaskMoment,
} from '../../core/index.js';
import type { ConformanceSettings } from '../../core/testing/index.js';
import { IncLora } from '../../plugins/inc-lora/adapter.js';
import { incLoraOptions } from '../../plugins/inc-lora/options.js';
import { type BrokenPlugin, injected } from './broken-plugin.js';

class Lora extends IncLora {
  static inject = [OPTIONS, BACKBONE, RANDOM, CONFIG_FOLDER];
}

const broken = (
  fault: string,
  promise: string,
  adapter: typeof Lora,
  settings: ConformanceSettings = {},
  writes?: Declarations['writes'],
) => ({
  fault,
  promise,
  manifest: definePlugin({
    name: 'lora',
    summary: 'Adapts.',
    provides: { adapter: injected(adapter) },
    declares: writes && (() => ({ writes })),
    options: incLoraOptions,
  }),
  settings: { options: { rank: 2, alpha: 4 }, ...settings },
});

/** A LoRA that shows one view where another is asked for. */
const showing = (view: (asked: AdapterView) => AdapterView): typeof Lora =>
  class extends Lora {
    override addition = (site: LinearSite, asked: AdapterView) => super.addition(site, view(asked));
  };

class StartsAtRandom extends Lora {
  override async beforeTask(moment: TaskMoment): Promise<void> {
    await super.beforeTask(moment);
    tf.tidy(() => {
      for (const variable of Object.values(this.trainable())) variable.assign(tf.fill(variable.shape, 0.1));
    });
  }
}

class LosesHalf extends Lora {
  override afterTask(): void {
    tf.tidy(() => {
      for (const variable of Object.values(this.trainable())) variable.assign(tf.mul(variable, 0.5));
    });
    super.afterTask();
  }
}

class Renames extends Lora {
  private task = 0;
  override async beforeTask(moment: TaskMoment): Promise<void> {
    this.task = moment.taskIndex;
    await super.beforeTask(moment);
  }
  override trainable(): NamedVariables {
    return Object.fromEntries(Object.entries(super.trainable()).map(([name, v]) => [`${name}.${this.task}`, v]));
  }
}

class CutsGradient extends Lora {
  override addition(site: LinearSite, view: AdapterView): LinearAddition | undefined {
    const addition = super.addition(site, view);
    if (!addition) return undefined;
    const [a, b] = addition.inputs;
    return { inputs: [b], apply: (x, [given]) => addition.apply(x, [tf.tensor(a.dataSync(), a.shape), given]) };
  }
}

class DoublesPairs extends Lora {
  override pairs(which: 'task' | 'all'): LowRankPair[] | undefined {
    return super.pairs(which)?.map((pair) => ({ ...pair, scale: 2 * pair.scale }));
  }
}

class WritesIntoWeights extends Lora {
  private moved = false;
  override trainable(): NamedVariables {
    if (!this.moved && Object.keys(super.trainable()).length > 0) this.write();
    return super.trainable();
  }
  private write(): void {
    this.moved = true;
    const [site] = this.sites;
    tf.tidy(() => this.model.fold(site, tf.fill([site.outFeatures, site.inFeatures], 0.1)));
  }
  private get model() {
    return (this as unknown as { backbone: { fold(site: LinearSite, delta: tf.Tensor2D): void } }).backbone;
  }
}

/** A LoRA that declares what is not so. */
const lying = (fault: string, writes: Declarations['writes'], options = {}, adapter = Lora) =>
  broken(fault, 'it writes what it declares to write', adapter, { options: { rank: 2, ...options } }, writes);

export const brokenAdapters: readonly BrokenPlugin[] = [
  broken('starts a task at random', 'a task begins with the logits that the last one left', StartsAtRandom),
  broken(
    'shows the task in the view before it',
    'the view `before-this-task` stays as it was while the task trains',
    showing((view) => (view === 'before-this-task' ? 'current' : view)),
  ),
  broken(
    'has no view of the beginning',
    'the view `initial` is the bare model, whatever was learnt',
    showing((view) => (view === 'initial' ? 'before-this-task' : view)),
  ),
  broken('writes into the weights', 'frozen weights stay as they are while a task trains', WritesIntoWeights),
  broken('writes into the weights', 'without its additions, a first task leaves the model bare', WritesIntoWeights),
  broken('loses half of what it learnt', 'the end of a task changes no logit, whether or not it folds', LosesHalf),
  broken('cuts the gradient of A', 'its gradient equals central differences', CutsGradient),
  broken(
    'adds nothing',
    'the loss falls on both toy tasks',
    class extends Lora {
      override addition = () => undefined;
    },
  ),
  broken('renames its variables', 'its variables keep their names', Renames),
  broken('gives pairs twice as strong', '`pairs` is what was added', DoublesPairs),
  broken('has pairs that it denies', '`pairs` is what was added', Lora, { supports: { pairs: false } }),
  lying('adds to more layers than it declares', { linear: ['q_proj'] }),
  lying('denies its factors', { pairs: false }),
  lying('replaces variables that it declares to last', { variables: 'run' }),
  lying('keeps variables that it declares to replace', { variables: 'task' }, { growth: 'single' }),
  lying(
    'declares pairs that it has not',
    { pairs: true },
    {},
    class extends Lora {
      override factors = undefined as never;
    },
  ),
];
