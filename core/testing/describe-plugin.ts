import { beforeAll, describe, it } from 'vitest';
import type { ContractName, PluginManifest } from '../contracts/plugin.js';
import { useEngine } from '../engine/engine.js';
import { adapterChecks } from './checks/adapter.js';
import { logitChecks } from './checks/backbone.js';
import { siteChecks } from './checks/backbone-sites.js';
import { variantChecks } from './checks/backbone-variants.js';
import type { Check } from './checks/check.js';
import { adapterDeclarationChecks, interventionDeclarationChecks } from './checks/declarations.js';
import { interventionChecks } from './checks/intervention.js';
import { lifeChecks } from './checks/life.js';
import { manifestChecks } from './checks/manifest.js';
import { regularizerChecks } from './checks/regularizer.js';
import { type ConformanceSettings, subjectOf } from './subject.js';

/** The checks of each contract, beyond those of any plugin. */
export const contractChecks: { readonly [C in ContractName]: readonly Check<C>[] } = {
  backbone: [...logitChecks, ...siteChecks, ...variantChecks],
  adapter: [...adapterChecks, ...adapterDeclarationChecks],
  regularizer: regularizerChecks,
  intervention: [...interventionChecks, ...interventionDeclarationChecks],
  benchmark: [],
  observer: [],
};

/** The checks of any plugin. */
export const pluginChecks: readonly Check[] = [...manifestChecks, ...lifeChecks];

/**
 * Registers the conformance tests of a plugin with Vitest, one for each promise that docs/conformance.md lists. They run on
 * a two-layer toy model in seconds, on the engine that PALIMPSEST_ENGINE names.
 */
export function describePlugin(manifest: PluginManifest, settings: ConformanceSettings = {}): void {
  const subject = subjectOf(manifest, settings);
  describe(`the ${subject.contract} "${manifest.name}" keeps its promises`, () => {
    beforeAll(async () => {
      await useEngine('auto');
    });
    for (const check of [...pluginChecks, ...contractChecks[subject.contract]]) {
      it(check.promise, () => (check as Check).run(subject));
    }
  });
}
