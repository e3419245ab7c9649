import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Additions, LinearSite } from '../../core/index.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { padRows } from '../../core/text/batching.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';

const long = [3, 9, 27, 17, 5, 11, 30];
const short = [4, 8, 15];

async function toyLlama(recompute: 'none' | 'layer' = 'none', config = {}): Promise<LlamaBackbone> {
  const backbone = new LlamaBackbone(toyWeights(config), { recompute });
  await backbone.load();
  return backbone;
}

function logitsOf(backbone: LlamaBackbone, rows: number[][], side: 'left' | 'right' = 'right'): number[][] {
  return tf.tidy(() => {
    const batch = padRows(rows, { pad: 2, side });
    return backbone.forward({ batch, logits: 'last' }).logits?.arraySync() as number[][];
  });
}

function expectClose(got: number[], want: number[], tolerance = 1e-5): void {
  expect(got.length).toBe(want.length);
  for (const [i, value] of got.entries()) expect(Math.abs(value - want[i])).toBeLessThanOrEqual(tolerance);
}

describe('the llama backbone', () => {
  let backbone: LlamaBackbone;
  let before: number;
  beforeEach(async () => {
    before = tf.memory().numTensors;
    backbone = await toyLlama();
  });
  afterEach(() => {
    backbone.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives a padded row the logits it has alone, whichever side is padded', () => {
    const [alone] = logitsOf(backbone, [short]);
    for (const side of ['left', 'right'] as const) expectClose(logitsOf(backbone, [short, long], side)[0], alone);
  });

  it('never lets a later token alter an earlier logit', () => {
    const first = (row: number[]) =>
      tf.tidy(() =>
        backbone.forward({ batch: padRows([row], { pad: 2 }), logits: Int32Array.of(2) }).logits?.dataSync(),
      );
    expectClose([...(first(long) as Float32Array)], [...(first([...long.slice(0, 3), 1, 2, 3, 4]) as Float32Array)]);
  });

  it('continues from a cache as if it had run everything at once', () => {
    const start = backbone.forward({
      batch: padRows([long.slice(0, 4), short], { pad: 2, side: 'left' }),
      keepCache: true,
    });
    const next = backbone.forward({ batch: padRows([[5], [7]], { pad: 2 }), past: start.cache, keepCache: true });
    const last = backbone.forward({ batch: padRows([[11], [1]], { pad: 2 }), past: next.cache, logits: 'last' });
    const got = last.logits?.arraySync() as number[][];
    tf.dispose([last.logits as tf.Tensor]);
    for (const cache of [start.cache, next.cache]) cache?.dispose();
    expectClose(got[0], logitsOf(backbone, [long.slice(0, 6)])[0]);
    expectClose(got[1], logitsOf(backbone, [[...short, 7, 1]])[0]);
  });

  it('lets many rows share the cache of one prefix', () => {
    const prefix = backbone.forward({ batch: padRows([long], { pad: 2 }), keepCache: true });
    const batch = padRows([short, [6]], { pad: 2, side: 'left' });
    const branch = backbone.forward({ batch, past: prefix.cache, keepCache: true });
    const end = backbone.forward({ batch: padRows([[1], [2]], { pad: 2 }), past: branch.cache, logits: 'last' });
    const got = end.logits?.arraySync() as number[][];
    tf.dispose([end.logits as tf.Tensor]);
    branch.cache?.dispose();
    prefix.cache?.dispose();
    expectClose(got[0], logitsOf(backbone, [[...long, ...short, 1]])[0]);
    expectClose(got[1], logitsOf(backbone, [[...long, 6, 2]])[0]);
  });

  it('captures every declared site with its shape', () => {
    const batch = padRows([long, short], { pad: 2 });
    const names = backbone.activationSites.map((site) => site.name);
    const { captures } = backbone.forward({ batch, captures: names });
    const letters: Record<string, number> = { B: 2, T: 7, H: 4, d_h: 4, D: 16 };
    for (const { name, shape } of backbone.activationSites) {
      const want = shape
        .slice(1, -1)
        .split(', ')
        .map((letter) => letters[letter]);
      expect(captures[name].shape).toEqual(want);
    }
    tf.dispose(captures);
  });

  it('changes logits by an edit of one head, and returns the capture as it is after the edit', () => {
    const batch = padRows([long], { pad: 2 });
    const site = 'model.layers.1.heads';
    const edit = { site, key: 'zero', apply: (x: tf.Tensor) => tf.zerosLike(x) };
    const plain = logitsOf(backbone, [long])[0];
    const { logits, captures } = backbone.forward({ batch, edits: [edit], captures: [site], logits: 'last' });
    expect(tf.tidy(() => tf.max(tf.abs(captures[site])).arraySync())).toBe(0);
    const moved = (logits as tf.Tensor).dataSync().some((value, i) => Math.abs(value - plain[i]) > 1e-3);
    expect(moved).toBe(true);
    tf.dispose([logits as tf.Tensor, ...Object.values(captures)]);
  });

  it('folds a difference into a weight as if it had been added outside', () => {
    const site = backbone.linearSites[1];
    const delta = tf.randomNormal<tf.Rank.R2>([site.outFeatures, site.inFeatures], 0, 0.1, 'float32', 5);
    const additions: Additions = ({ name }) =>
      name === site.name
        ? { inputs: [delta], apply: (x, [d]) => tf.matMul(x, tf.transpose(d as tf.Tensor2D)) }
        : undefined;
    const batch = padRows([long], { pad: 2 });
    const outside = tf.tidy(() => [
      ...(backbone.forward({ batch, additions, logits: 'last' }).logits?.dataSync() ?? []),
    ]);
    backbone.fold(site, delta);
    delta.dispose();
    expectClose(logitsOf(backbone, [long])[0], outside);
  });

  it('frees the keys and values of a pass that fails', () => {
    const apply = () => {
      throw new Error('an edit that fails');
    };
    const batch = padRows([long], { pad: 2 });
    const edits = [{ site: 'model.layers.1', key: 'failing', apply }];
    const tensors = tf.memory().numTensors;
    expect(() => backbone.forward({ batch, edits, keepCache: true })).toThrow('an edit that fails');
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('refuses a token outside the vocabulary, a row too long, and a site it does not have', () => {
    const run = (row: number[], captures: string[] = []) =>
      backbone.forward({ batch: padRows([row], { pad: 2 }), captures });
    expect(() => run([1, 32])).toThrow(/TOKEN_OUT_OF_RANGE.*token 1.*0 to 31.*32/);
    expect(() => run(Array(65).fill(1))).toThrow(/TOKENS_TOO_LONG.*64.*65/);
    expect(() => run([1], ['model.layers.9'])).toThrow(/SITE_UNKNOWN/);
  });
});

describe("the llama backbone's gradients", () => {
  const pairAt = (site: LinearSite): tf.Tensor2D[] => [
    tf.randomUniform<tf.Rank.R2>([2, site.inFeatures], -1, 1, 'float32', site.layer + 1),
    tf.randomUniform<tf.Rank.R2>([site.outFeatures, 2], -1, 1, 'float32', site.layer + 2),
  ];

  function gradients(backbone: LlamaBackbone, kinds: string[]): { loss: number; norms: number[]; values: number[] } {
    const sites = backbone.linearSites.filter((site) => kinds.includes(site.kind));
    const pairs = new Map(sites.map((site) => [site.name, pairAt(site)]));
    const flat = [...pairs.values()].flat();
    const batch = padRows([long, short], { pad: 2, side: 'left' });
    const loss = (...given: tf.Tensor[]): tf.Scalar => {
      const additions: Additions = (site) => {
        const index = sites.findIndex((other) => other.name === site.name);
        if (index < 0) return undefined;
        const apply = (x: tf.Tensor2D, [a, b]: readonly tf.Tensor[]) =>
          tf.matMul(tf.matMul(x, tf.transpose(a as tf.Tensor2D)), tf.transpose(b as tf.Tensor2D)) as tf.Tensor2D;
        return { inputs: [given[2 * index], given[2 * index + 1]], apply };
      };
      const { logits } = backbone.forward({ batch, additions, logits: 'last' });
      return tf.sum(tf.square(tf.softmax(logits as tf.Tensor2D))) as tf.Scalar;
    };
    const result = tf.tidy(() => {
      const { value, grads } = tf.valueAndGrads(loss)(flat);
      const values = grads.flatMap((grad) => [...grad.dataSync()]);
      return {
        loss: value.arraySync() as number,
        norms: grads.map((grad) => tf.norm(grad).arraySync() as number),
        values,
      };
    });
    tf.dispose(flat);
    return result;
  }

  it('are the same whether activations are kept or made anew', async () => {
    const [kept, anew] = [await toyLlama('none'), await toyLlama('layer')];
    for (const kinds of [
      ['q_proj', 'v_proj'],
      ['o_proj', 'up_proj'],
      ['k_proj', 'gate_proj', 'down_proj'],
    ]) {
      const [a, b] = [gradients(kept, kinds), gradients(anew, kinds)];
      expect(a.loss).toBeCloseTo(b.loss, 6);
      expect(Math.max(...a.norms)).toBeGreaterThan(1e-4);
      expectClose(a.values, b.values, 1e-5);
    }
    kept.dispose();
    anew.dispose();
  });
});

describe('what the llama backbone accepts', () => {
  it('runs untied embeddings, biases and a sliding window', async () => {
    const config = { tie_word_embeddings: false, attention_bias: true, model_type: 'mistral', sliding_window: 3 };
    const backbone = await toyLlama('none', config);
    const [windowed] = logitsOf(backbone, [long]);
    expect(windowed.every(Number.isFinite)).toBe(true);
    backbone.dispose();
  });

  it('takes a window that no layer uses for none, and refuses one that only some layers use', async () => {
    const qwen = { model_type: 'qwen2', sliding_window: 2, use_sliding_window: true };
    const [full] = logitsOf(await toyLlama('none', { model_type: 'qwen2' }), [long]);
    expectClose(logitsOf(await toyLlama('none', { ...qwen, max_window_layers: 2 }), [long])[0], full);
    const [narrow] = logitsOf(await toyLlama('none', { ...qwen, max_window_layers: 0 }), [long]);
    expect(Math.abs(narrow[0] - full[0])).toBeGreaterThan(1e-3);
    const mixed = toyWeights({ ...qwen, max_window_layers: 1 });
    expect(() => new LlamaBackbone(mixed, { recompute: 'none' })).toThrow(
      /ARCHITECTURE_UNSUPPORTED.*window.*the last 1 layers/,
    );
  });

  it('holds tied embeddings once', async () => {
    const buffers = async (tie_word_embeddings: boolean) => {
      const before = tf.memory().numDataBuffers;
      const backbone = await toyLlama('none', { tie_word_embeddings });
      const held = tf.memory().numDataBuffers - before;
      backbone.dispose();
      expect(tf.memory().numDataBuffers).toBe(before);
      return held;
    };
    const saved = (await buffers(false)) - (await buffers(true));
    expect(saved).toBe(1);
  });

  it('refuses a file that lacks a weight, and keeps nothing of it', async () => {
    const before = tf.memory().numTensors;
    const source = toyWeights({ tie_word_embeddings: false });
    for (const name of ['lm_head.weight', 'model.layers.1.mlp.down_proj.weight']) {
      const tensors = new Map([...source.tensors].filter(([key]) => key !== name));
      const backbone = new LlamaBackbone({ ...source, tensors }, { recompute: 'none' });
      await expect(backbone.load()).rejects.toThrow(new RegExp(`TENSOR_INVALID.*${name}.*no such tensor`));
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('refuses an architecture it cannot run, by name', () => {
    const other = toyWeights({ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'] });
    expect(() => new LlamaBackbone(other, { recompute: 'auto' })).toThrow(
      /ARCHITECTURE_UNSUPPORTED.*gpt2 \(GPT2LMHeadModel\)/,
    );
  });
});
