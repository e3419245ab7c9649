import { closest } from 'fastest-levenshtein';
import { type Backbone, type LinearSite, type LowRankPair, problem, readPeft } from '../../core/index.js';
import type { IncLoraOptions } from './options.js';

/** The linear sites of the kinds in `targets`. @throws PalimpsestError CONFIG_VALUE for a kind that the model lacks */
export function targetSites(backbone: Backbone, targets: readonly string[]): LinearSite[] {
  const kinds = [...new Set(backbone.linearSites.map((site) => site.kind))];
  const unknown = targets.find((target) => !kinds.includes(target));
  if (unknown !== undefined) {
    throw problem('CONFIG_VALUE', {
      where: 'adapter.targets',
      expected: kinds.join(', '),
      got: `"${unknown}"`,
      remedy: `Did you mean "${closest(unknown, kinds)}"?`,
    });
  }
  return backbone.linearSites.filter((site) => targets.includes(site.kind));
}

/**
 * The pairs of a PEFT directory by site, which must be those that the options ask for.
 * @throws PalimpsestError ADAPTER_INVALID
 */
export async function readStart(
  folder: string,
  options: IncLoraOptions,
  sites: readonly LinearSite[],
): Promise<Map<string, LowRankPair>> {
  const { pairs } = await readPeft(folder);
  const bySite = new Map(pairs.map((pair) => [pair.site, pair]));
  const demand = (fits: boolean, expected: string, got: string) => {
    if (!fits) throw problem('ADAPTER_INVALID', { where: folder, expected, got });
  };
  for (const site of sites) {
    const pair = bySite.get(site.name);
    demand(pair !== undefined, `a pair at ${site.name}, as adapter.targets says`, 'none');
    if (!pair) continue;
    demand(
      pair.rank === options.rank,
      `rank ${options.rank}, as adapter.rank says`,
      `rank ${pair.rank} at ${site.name}`,
    );
    const alpha = pair.scale * pair.rank;
    const same = Math.abs(alpha - options.alpha) < 1e-6 * options.alpha;
    demand(same, `alpha ${options.alpha}, as adapter.alpha says`, `alpha ${alpha} at ${site.name}`);
    const shape = `[${site.outFeatures}, ${site.inFeatures}]`;
    const own = `[${pair.outFeatures}, ${pair.inFeatures}]`;
    demand(own === shape, `a weight ${shape} at ${site.name}`, own);
  }
  const other = pairs.find((pair) => !sites.some((site) => site.name === pair.site));
  demand(!other, `pairs at ${options.targets.join(', ')} only, as adapter.targets says`, `one at ${other?.site}`);
  return bySite;
}
