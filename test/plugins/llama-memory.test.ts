import { describe, expect, it } from 'vitest';
import { currentEngine } from '../../core/engine/engine.js';
import { hasKernels, type Precision } from '../../core/index.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { weightBytes } from '../../plugins/llama/memory.js';

function memory(recompute: 'none' | 'layer' | number, rows = 2, length = 8, kinds: string[] = []) {
  const backbone = new LlamaBackbone(toyWeights({ num_hidden_layers: 8 }), { recompute });
  return backbone.memory({ rows, length, adapted: backbone.linearSites.filter(({ kind }) => kinds.includes(kind)) });
}

describe('the memory that the llama backbone tells', () => {
  it('is four bytes a weight, two in bfloat16, where no engine needs them turned', () => {
    const { sizes } = new LlamaBackbone(toyWeights(), { recompute: 'none' });
    const bytes = (turned: boolean, precision: Precision) => weightBytes(sizes, { tied: true, turned, precision });
    expect(bytes(false, 'f32')).toBe(4 * sizes.parameters);
    expect(bytes(false, 'bf16')).toBe(2 * sizes.parameters);
    expect(bytes(true, 'f32')).toBeGreaterThan(4 * 4 * sizes.parameters);
    const turned = currentEngine().name === 'wasm';
    expect(memory('none').weights > 4 * 4 * sizes.parameters).toBe(turned);
  });

  it('doubles with the rows, and more than doubles with their length where probabilities are kept', () => {
    expect(memory('none', 4).peak).toBe(2 * memory('none', 2).peak);
    expect(memory('none', 2, 16).peak > 2 * memory('none', 2, 8).peak).toBe(!hasKernels());
  });

  it('is less where layers are recomputed, and says how to get there where they are not', () => {
    const [kept, remade] = [memory('none'), memory('layer')];
    expect(remade.kept).toBeLessThan(kept.kept);
    expect(remade.peak).toBeLessThan(kept.peak);
    const half = memory(2);
    expect(half.kept).toBe((kept.kept + remade.kept) / 2);
    expect(half.remedy).toContain('recompute: layer');
    expect(kept.remedy).toContain('recompute: layer');
    expect(remade.remedy).toBeUndefined();
  });

  it('grows with every adapted layer, whose input is counted once for all that share it', () => {
    const kept = (...kinds: string[]) => memory('none', 1, 1, kinds).kept;
    const [none, q, v, both] = [kept(), kept('q_proj'), kept('v_proj'), kept('q_proj', 'v_proj')];
    expect(q).toBeGreaterThan(none);
    expect(v).toBe(q);
    expect(both).toBe(q);
    expect(kept('q_proj', 'gate_proj')).toBeGreaterThan(q);
  });
});
