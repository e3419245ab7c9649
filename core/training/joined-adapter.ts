import type { Adapter, LowRankFactors, LowRankPair } from '../contracts/adapter.js';
import type { LinearAddition, LinearSite } from '../contracts/backbone.js';
import type { PluginState, PrepareMoment, TaskMoment } from '../contracts/moments.js';
import type { AdapterView } from '../contracts/passes.js';
import type { NamedTensors, NamedVariables } from '../contracts/tensors.js';
import { problem } from '../errors.js';

/** An adapter by the name of its plugin. */
export interface NamedAdapter {
  readonly name: string;
  readonly adapter: Adapter;
}

/** Several adapters, each at linear sites of its own, as one. */
export class JoinedAdapter implements Adapter {
  readonly sites: readonly LinearSite[];
  readonly trainedValues?: number;
  private readonly parts: readonly Adapter[];
  private readonly names: readonly string[];
  private readonly owners: ReadonlyMap<string, Adapter>;
  /** There only if every adapter is of low rank. */
  readonly factors?: Adapter['factors'];
  /** There only if one of them listens. */
  readonly afterStep?: Adapter['afterStep'];

  /** @throws PalimpsestError PLUGIN_CLASH for two at one site */
  constructor(named: readonly NamedAdapter[]) {
    this.names = named.map(({ name }) => name);
    this.parts = named.map(({ adapter }) => adapter);
    this.sites = this.parts.flatMap(({ sites }) => sites);
    if (this.parts.every((part) => part.trainedValues !== undefined)) {
      this.trainedValues = this.parts.reduce((sum, part) => sum + (part.trainedValues ?? 0), 0);
    }
    this.owners = new Map(this.together('linear site', (part) => part.sites.map((site) => [site.name, part])));
    if (this.parts.every((part) => part.factors)) this.factors = (site, view) => this.factorsAt(site, view);
    const listeners = this.parts.filter((part) => part.afterStep);
    if (listeners.length === 0) return;
    this.afterStep = (moment) => {
      for (const part of listeners) part.afterStep?.(moment);
    };
  }

  /** @throws PalimpsestError PLUGIN_CLASH for two variables of one name */
  trainable(): NamedVariables {
    return Object.fromEntries(this.together('trainable variable', (part) => Object.entries(part.trainable())));
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

  /** What every part says of itself, in order. */
  summary(): Record<string, unknown> {
    const said = this.parts.map((part, i) => [this.names[i], part.summary?.()] as const);
    return { parts: said.flatMap(([name, summary]) => (summary ? [{ name, ...summary }] : [])) };
  }

  /** Entries of all parts; no two may have one name. */
  private together<V>(
    what: string,
    of: (part: Adapter) => readonly (readonly [string, V])[],
  ): (readonly [string, V])[] {
    const owner = new Map<string, number>();
    return this.parts.flatMap((part, i) => {
      const entries = of(part);
      for (const [name] of entries) {
        const other = owner.get(name);
        if (other !== undefined) throw this.clash(`${what} ${name}`, [other, i]);
        owner.set(name, i);
      }
      return entries;
    });
  }

  private clash(what: string, parts: readonly number[]): Error {
    const got = parts.map((i) => `"${this.names[i]}", adapter ${i + 1}`).join(' and ');
    return problem('PLUGIN_CLASH', { where: what, expected: 'one adapter', got });
  }

  private factorsAt(site: LinearSite, view: 'current' | 'before-this-task'): LowRankFactors | undefined {
    return this.owners.get(site.name)?.factors?.(site, view);
  }
}
