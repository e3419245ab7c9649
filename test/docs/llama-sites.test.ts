import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';

const page = readFileSync(new URL('../../docs/plugins/llama.md', import.meta.url), 'utf8');
const backbone = new LlamaBackbone(toyWeights(), { recompute: 'none' });
const { sizes, linearSites, activationSites } = backbone;
const size: Record<string, number> = {
  D: sizes.width,
  F: sizes.feedForward,
  'H d_h': sizes.heads * sizes.headWidth,
  'K d_h': sizes.keyValueHeads * sizes.headWidth,
};

/** Cells of the rows of the table whose first heading is the one given. */
function table(heading: string): string[][] {
  const [, rows] = page.split(`| ${heading} |`)[1].split(/\| --- .*\n/);
  const lines = rows.slice(0, rows.indexOf('\n\n')).split('\n');
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const named = (name: string, layer: number) => name.replace('{layer}', String(layer));
const layers = [...Array(sizes.layers).keys()];

describe("the sites on the llama backbone's page", () => {
  it('are its linear sites, with their widths', () => {
    const rows = layers.flatMap((layer) =>
      table('linear site').map(([name, kind, from, to]) => ({
        name: named(name, layer),
        kind,
        layer,
        inFeatures: size[from],
        outFeatures: size[to],
      })),
    );
    expect(rows).toEqual(linearSites);
  });

  it('are its activation sites, with layers and shapes', () => {
    const rows = table('activation site').flatMap(([name, range, shape]) => {
      if (range === '-1') return [{ name, layer: -1, shape }];
      if (range === 'L') return [{ name, layer: sizes.layers, shape }];
      return layers.map((layer) => ({ name: named(name, layer), layer, shape }));
    });
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(rows.sort(byName)).toEqual([...activationSites].sort(byName));
  });
});
