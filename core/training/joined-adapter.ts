import type { Adapter, LowRankFactors, LowRankPair } from '../contracts/adapter.js';
import type { LinearAddition, LinearSite } from '../contracts/backbone.js';
import type { PluginState, PrepareMoment, TaskMoment, UpdateMoment } from '../contracts/moments.js';
import type { AdapterView } from '../contracts/passes.js';
import type { NamedTensors, NamedVariables } from '../contracts/tensors.js';

/** Several adapters, each at linear sites of its own, as one. */
export class JoinedAdapter implements Adapter {
  readonly sites: readonly LinearSite[];
  private readonly owners: ReadonlyMap<string, Adapter>;
  /** There only if every adapter is of low rank. */
  readonly factors?: Adapter['factors'];

  /** @param parts no two of one site */
  constructor(private readonly parts: readonly Adapter[]) {
    this.sites = parts.flatMap(({ sites }) => sites);
    this.owners = new Map(parts.flatMap((part) => part.sites.map((site) => [site.name, part] as const)));
    if (parts.every((part) => part.factors)) this.factors = (site, view) => this.factorsAt(site, view);
  }

  trainable(): NamedVariables {
    return Object.assign({}, ...this.parts.map((part) => part.trainable()));
  }

  addition(site: LinearSite, view: AdapterView): LinearAddition | undefined {
    return this.owners.get(site.name)?.addition(site, view);
  }

  pairs(which: 'task' | 'earlier' | 'all'): LowRankPair[] | undefined {
    const pairs = this.parts.map((part) => part.pairs?.(which));
    return pairs.some((some) => !some) ? undefined : (pairs as LowRankPair[][]).flat();
  }

  async prepare(moment: PrepareMoment): Promise<void> {
    for (const part of this.parts) await part.prepare?.(moment);
  }

  async beforeTask(moment: TaskMoment): Promise<void> {
    for (const part of this.parts) await part.beforeTask?.(moment);
  }

  afterStep(moment: UpdateMoment): void {
    for (const part of this.parts) part.afterStep?.(moment);
  }

  async afterTask(moment: TaskMoment): Promise<void> {
    for (const part of this.parts) await part.afterTask?.(moment);
  }

  state(): PluginState {
    const tensors: NamedTensors = {};
    const json = this.parts.map((part, i) => {
      const state = part.state?.();
      for (const [name, tensor] of Object.entries(state?.tensors ?? {})) tensors[`${i}/${name}`] = tensor;
      return state?.json ?? null;
    });
    return { tensors, json: { parts: json } };
  }

  restore({ tensors, json }: PluginState): void {
    const states = json.parts as (Record<string, unknown> | null)[];
    for (const [i, part] of this.parts.entries()) {
      const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${i}/`));
      const named = Object.fromEntries(own.map(([name, tensor]) => [name.slice(`${i}/`.length), tensor]));
      const state = states[i];
      if (state) part.restore?.({ tensors: named, json: state });
    }
  }

  private factorsAt(site: LinearSite, view: 'current' | 'before-this-task'): LowRankFactors | undefined {
    return this.owners.get(site.name)?.factors?.(site, view);
  }
}
