import type { Backbone } from '../contracts/backbone.js';
import { problem } from '../errors.js';

/** Name of the site of a layer's head outputs [B, T, H, d_h]. @throws PalimpsestError SITE_UNKNOWN where the model has none */
export function headSite({ activationSites }: Pick<Backbone, 'activationSites'>, layer: number): string {
  const site = activationSites.find((one) => one.layer === layer && one.shape === '[B, T, H, d_h]');
  if (!site) throw problem('SITE_UNKNOWN', { expected: 'a site of head outputs', got: `none in layer ${layer}` });
  return site.name;
}
