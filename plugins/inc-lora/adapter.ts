import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Adapter,
  type AdapterView,
  BACKBONE,
  type Backbone,
  CONFIG_FOLDER,
  inject,
  injectable,
  type LinearAddition,
  type LinearSite,
  type LowRankFactors,
  type LowRankPair,
  type NamedVariables,
  OPTIONS,
  type PluginState,
  RANDOM,
  type RandomSource,
  type TaskMoment,
} from '../../core/index.js';
import type { IncLoraOptions } from './options.js';
import {
  concatenated,
  deltaOf,
  disposePairs,
  frozenCopy,
  livePair,
  type PairsBySite,
  type PairTensors,
  pairAddition,
  startValues,
  tensorsOf,
} from './pair.js';
import { readStart, targetSites } from './start.js';
import { pairsFrom, storePairs } from './state.js';

/**
 * Incremental LoRA: at every target site the layer gives W x + sum over tasks t of (alpha / r) B_t A_t x (Hu et al. 2021,
 * arXiv 2106.09685, eq. 3, once for every task). Only the current task's pair trains; a finished one is folded into W, so
 * that a step costs the same in every task.
 */
@injectable()
export class IncLora implements Adapter {
  readonly sites: readonly LinearSite[];
  readonly trainedValues: number;
  private readonly scale: number;
  /** The pair that trains; none between tasks unless `growth: single`. */
  private readonly live: PairsBySite<tf.Variable> = new Map();
  /** Finished tasks' pairs, each folded into the weights. */
  private frozen: LowRankPair[][] = [];
  /** `single`: the pair as the current task found it. */
  private readonly snapshot: PairsBySite = new Map();
  /** Minus everything folded, for the view `initial`; made when first asked for. */
  private readonly removal: PairsBySite = new Map();
  private start?: Map<string, LowRankPair>;

  constructor(
    @inject(OPTIONS) private readonly options: IncLoraOptions,
    @inject(BACKBONE) private readonly backbone: Backbone,
    @inject(RANDOM) private readonly random: RandomSource,
    @inject(CONFIG_FOLDER) private readonly folder: string,
  ) {
    this.sites = targetSites(backbone, options.targets);
    this.trainedValues = this.sites.reduce((sum, site) => sum + options.rank * (site.inFeatures + site.outFeatures), 0);
    this.scale = options.alpha / options.rank;
  }

  async prepare(): Promise<void> {
    const { init } = this.options;
    if (init) this.start ??= await readStart(resolve(this.folder, init), this.options, this.sites);
  }

  async beforeTask({ taskIndex }: TaskMoment): Promise<void> {
    await this.prepare();
    if (this.live.size > 0) return this.takeSnapshot();
    for (const site of this.sites) {
      const given = taskIndex === 0 ? this.start?.get(site.name) : undefined;
      const stream = this.random.stream(`inc-lora/task-${taskIndex + 1}/${site.name}/A`);
      this.live.set(site.name, livePair(site, given ?? startValues(site, this.options.rank, stream)));
    }
  }

  afterTask(): void {
    if (this.options.growth === 'single') return;
    const pairs = this.livePairs();
    disposePairs(this.live);
    this.frozen.push(pairs);
    this.fold(pairs, 1);
  }

  trainable(): NamedVariables {
    const entries = [...this.live].flatMap(([site, { a, b }]): [string, tf.Variable][] => [
      [`${site}.lora_A`, a],
      [`${site}.lora_B`, b],
    ]);
    return Object.fromEntries(entries);
  }

  addition({ name }: LinearSite, view: AdapterView): LinearAddition | undefined {
    if (view === 'initial') return this.initial(name);
    const pair = (view === 'current' ? this.live : this.snapshot).get(name);
    return pair && pairAddition(name, pair, this.scale, view === 'current' ? this.options.dropout : 0);
  }

  pairs(which: 'task' | 'earlier' | 'all'): LowRankPair[] | undefined {
    const live = this.live.size > 0 ? [this.livePairs()] : [];
    const tasks = which === 'earlier' ? this.frozen : [...this.frozen, ...live];
    if (tasks.length === 0) return undefined;
    if (which === 'task') return tasks[tasks.length - 1];
    return this.sites.map((_, i) => concatenated(tasks.map((pairs) => pairs[i])));
  }

  factors({ name }: LinearSite, view: 'current' | 'before-this-task'): LowRankFactors | undefined {
    const pair = (view === 'current' ? this.live : this.snapshot).get(name);
    return pair && { a: pair.a as tf.Tensor2D, b: pair.b as tf.Tensor2D, scale: this.scale };
  }

  state(): PluginState {
    const groups = new Map(this.frozen.map((pairs, t) => [`task-${t + 1}`, pairs]));
    if (this.live.size > 0) groups.set('live', this.livePairs());
    if (this.snapshot.size > 0) groups.set('snapshot', this.copies(this.snapshot));
    return { tensors: storePairs(groups), json: { tasks: this.frozen.length } };
  }

  restore({ tensors, json }: PluginState): void {
    const read = (group: string) => pairsFrom(tensors, group, this.sites, this.scale);
    for (const pairs of this.frozen) this.fold(pairs, -1);
    this.frozen = Array.from({ length: Number(json.tasks) }, (_, t) => read(`task-${t + 1}`));
    for (const pairs of this.frozen) this.fold(pairs, 1);
    this.dispose();
    read('live').forEach((pair, i) => {
      this.live.set(pair.site, livePair(this.sites[i], pair));
    });
    for (const pair of read('snapshot')) this.snapshot.set(pair.site, tensorsOf(pair));
  }

  dispose(): void {
    for (const pairs of [this.live, this.snapshot, this.removal]) disposePairs(pairs);
  }

  private takeSnapshot(): void {
    disposePairs(this.snapshot);
    for (const [site, { a, b }] of this.live) this.snapshot.set(site, { a: tf.clone(a), b: tf.clone(b) });
  }

  private livePairs(): LowRankPair[] {
    return this.copies(this.live);
  }

  private copies(pairs: PairsBySite): LowRankPair[] {
    return this.sites.flatMap((site) => {
      const pair = pairs.get(site.name);
      return pair ? [frozenCopy(site, pair, this.scale)] : [];
    });
  }

  /** Adds (sign 1) the pairs to the frozen weights or takes them out (sign -1). */
  private fold(pairs: readonly LowRankPair[], sign: 1 | -1): void {
    disposePairs(this.removal);
    for (const [i, pair] of pairs.entries()) {
      const delta = deltaOf({ ...pair, scale: sign * pair.scale });
      this.backbone.fold(this.sites[i], delta);
      delta.dispose();
    }
  }

  private initial(name: string): LinearAddition | undefined {
    const pair = this.removal.get(name) ?? this.removalAt(name);
    return pair && pairAddition(name, pair, -this.scale);
  }

  private removalAt(name: string): PairTensors | undefined {
    const folded = this.frozen.flatMap((pairs) => pairs.filter((pair) => pair.site === name));
    if (folded.length === 0) return undefined;
    const { a, b } = tensorsOf(concatenated(folded));
    this.removal.set(name, { a: tf.keep(a), b: tf.keep(b) });
    return { a, b };
  }
}
