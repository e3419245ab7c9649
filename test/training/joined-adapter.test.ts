import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter } from '../../core/contracts/adapter.js';
import type { LinearSite } from '../../core/contracts/backbone.js';
import type { TaskMoment } from '../../core/contracts/moments.js';
import { additionsOf } from '../../core/training/additions.js';
import { JoinedAdapter } from '../../core/training/joined-adapter.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { numbers, toyBatch, toyLlama, toyLora } from './toy-run.js';

const rows = toyBatch(['abc', 'd']);
const task = { taskIndex: 0 } as TaskMoment;

let backbone: LlamaBackbone;
let parts: IncLora[];
let joined: JoinedAdapter;
beforeEach(async () => {
  backbone = await toyLlama();
  parts = [toyLora(backbone, { targets: ['q_proj'] }), toyLora(backbone, { targets: ['v_proj'], rank: 3, alpha: 3 })];
  joined = joining(parts);
  await joined.beforeTask(task);
  tf.tidy(() => {
    for (const variable of Object.values(joined.trainable())) {
      variable.assign(tf.randomNormal(variable.shape, 0, 0.3, 'float32', 3));
    }
  });
});
afterEach(() => {
  for (const part of parts) part.dispose();
  backbone.dispose();
});

const joining = (adapters: readonly Adapter[]) =>
  new JoinedAdapter(adapters.map((adapter, i) => ({ name: `lora-${i + 1}`, adapter })));

const logits = (adapter: JoinedAdapter) =>
  tf.tidy(() =>
    numbers(
      backbone.forward({ batch: rows, logits: 'last', additions: additionsOf(adapter, 'current') }).logits as tf.Tensor,
    ),
  );

describe('several adapters as one', () => {
  it('have the sites, variables and pairs of all of them', () => {
    expect(joined.sites.map(({ name }) => name)).toEqual(parts.flatMap(({ sites }) => sites.map(({ name }) => name)));
    expect(Object.keys(joined.trainable())).toHaveLength(8);
    expect(joined.pairs('task')?.map(({ rank, scale }) => [rank, scale])).toEqual([
      [2, 2],
      [2, 2],
      [3, 1],
      [3, 1],
    ]);
    expect(joined.pairs('earlier')).toBeUndefined();
    expect(joined.factors?.(parts[1].sites[0], 'current')?.a.shape).toEqual([3, 16]);
  });

  it('end a task each', async () => {
    const learnt = logits(joined);
    await joined.afterTask(task);
    expect(joined.trainable()).toEqual({});
    for (const [i, value] of logits(joined).entries()) expect(value).toBeCloseTo(learnt[i], 4);
  });

  it('are refused at one site, naming both', () => {
    const other = toyLora(backbone, { targets: ['k_proj', 'v_proj'] });
    expect(() => joining([...parts, other])).toThrow(
      /PLUGIN_CLASH.*linear site model.layers.0.self_attn.v_proj.*"lora-2", adapter 2 and "lora-3", adapter 3/,
    );
    other.dispose();
  });

  it('are refused with variables of one name', () => {
    const named = (site: LinearSite): Adapter => ({
      sites: [site],
      trainable: () => parts[0].trainable(),
      addition: () => undefined,
    });
    const [one, other] = backbone.linearSites;
    expect(() => joining([named(one), named(other)]).trainable()).toThrow(/PLUGIN_CLASH.*trainable variable .*lora_A/);
  });

  it('listen to steps only where one of them does, and say what each has to say', () => {
    expect(joined.afterStep).toBeUndefined();
    const listening: Adapter = { sites: [], trainable: () => ({}), addition: () => undefined };
    const heard: unknown[] = [];
    listening.afterStep = (moment) => void heard.push(moment);
    listening.summary = () => ({ steps: 3 });
    const both = joining([parts[0], listening]);
    both.afterStep?.('a moment' as never);
    expect(heard).toEqual(['a moment']);
    expect(both.summary()).toEqual({ parts: [{ name: 'lora-2', steps: 3 }] });
  });

  it('go on from their state', async () => {
    const { tensors, json } = joined.state();
    const others = [
      toyLora(backbone, { targets: ['q_proj'] }),
      toyLora(backbone, { targets: ['v_proj'], rank: 3, alpha: 3 }),
    ];
    const restored = joining(others);
    restored.restore({ tensors, json: JSON.parse(JSON.stringify(json)) });
    expect(logits(restored)).toEqual(logits(joined));
    tf.dispose(tensors);
    for (const other of others) other.dispose();
  });
});
