import type { Backbone, ForwardRequest, ForwardResult } from './backbone.js';

/** A model with the adapters of one view, for what passes do not offer: caches and variants. */
export interface ModelView extends Pick<Backbone, 'sizes' | 'linearSites' | 'activationSites' | 'weight'> {
  /** As a backbone's; the results belong to the caller. Without dropout. */
  forward(request: Omit<ForwardRequest, 'additions' | 'dropout'>): ForwardResult;
}
