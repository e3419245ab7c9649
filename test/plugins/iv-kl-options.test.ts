import { describe, expect, it } from 'vitest';
import ivKl, { ivKlOptions } from '../../plugins/iv-kl/plugin.js';
import { toyVectors } from './toy-vectors.js';

const files = toyVectors();

describe("iv-kl's options", () => {
  it.each([
    [{ site: 'attention' }, 'layer', 'a layer for site: attention'],
    [{ target: 'initial', detach: false }, 'detach', 'true with target: initial'],
    [{ headTerm: { weight: 1 } }, 'target', 'before-this-task or initial with `headTerm`'],
    [{ terms: [] }, 'terms', ''],
  ])('are refused: %o', (options, path, message) => {
    const { error } = ivKlOptions.safeParse({ ...files, ...options });
    expect(error?.issues).toMatchObject([{ path: [path], message: expect.stringContaining(message) }]);
  });

  it("of the preset are the later work's: 20 K1 above 0.1 at the last prompt token, 0.1 K2 above 0.1 over all, T = 2", () => {
    const options = ivKlOptions.parse({ ...files, ...ivKl.presets?.['fvg-kl'].options });
    expect(options).toMatchObject({
      ...{ target: 'before-this-task', activations: 'initial', site: 'attention', layer: 9, strength: 1 },
      ...{ direction: 'plain-vector', temperature: 2, detach: true },
      terms: [
        { weight: 20, positions: 'answer-start', reduction: 'mean', above: 0.1 },
        { weight: 0.1, positions: 'all', reduction: 'sum-per-row', above: 0.1 },
      ],
    });
  });
});
