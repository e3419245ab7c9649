import type { Adapter } from '../contracts/adapter.js';
import type { Additions, Backbone } from '../contracts/backbone.js';
import type { ModelView } from '../contracts/model-view.js';
import type { AdapterView } from '../contracts/passes.js';

/** What the adapter adds at every linear site in a view, as a forward pass takes it. */
export function additionsOf(adapter: Pick<Adapter, 'addition'>, view: AdapterView): Additions {
  return (site) => adapter.addition(site, view);
}

/** A backbone with additions at its linear sites. */
export function modelView(backbone: Backbone, additions?: Additions): ModelView {
  const { sizes, linearSites, activationSites } = backbone;
  return {
    ...{ sizes, linearSites, activationSites },
    weight: (site) => backbone.weight(site),
    forward: (request) => backbone.forward({ ...request, additions }),
  };
}
