import type { Adapter } from '../contracts/adapter.js';
import type { Additions } from '../contracts/backbone.js';
import type { AdapterView } from '../contracts/passes.js';

/** What the adapter adds at every linear site in a view, as a forward pass takes it. */
export function additionsOf(adapter: Pick<Adapter, 'addition'>, view: AdapterView): Additions {
  return (site) => adapter.addition(site, view);
}
