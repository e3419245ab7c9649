import { describe, expect, it } from 'vitest';
import type { Check } from '../../core/testing/checks/check.js';
import { contractChecks, describePlugin, pluginChecks } from '../../core/testing/describe-plugin.js';
import { subjectOf } from '../../core/testing/subject.js';
import { brokenAdapters } from './broken-adapters.js';
import { brokenBackbones } from './broken-backbones.js';
import { brokenInterventions, goodIntervention } from './broken-interventions.js';
import type { BrokenPlugin } from './broken-plugin.js';
import { brokenRegularizers, goodRegularizer } from './broken-regularizers.js';

describePlugin(goodRegularizer, { adapter: { use: 'inc-lora', rank: 2, growth: 'single' } });
describePlugin(goodIntervention);

const BUILDS = 'it is built from what it declares to need';

/** What the check of the promise says of the plugin; undefined where it finds nothing. */
async function caught({ manifest, settings }: BrokenPlugin, promise: string): Promise<string | undefined> {
  const subject = subjectOf(manifest, settings);
  const checks = [...pluginChecks, ...contractChecks[subject.contract]] as Check[];
  const check = checks.find((candidate) => candidate.promise === promise);
  if (!check) throw new Error(`there is no promise "${promise}"`);
  return check.run(subject).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

describe.each([
  ['regularizer', brokenRegularizers],
  ['backbone', brokenBackbones],
  ['adapter', brokenAdapters],
  ['intervention', brokenInterventions],
])('the kit catches a %s that', (_, plugins) => {
  it.each(plugins)('$fault', async (plugin) => {
    const message = await caught(plugin, plugin.promise);
    if (plugin.promise !== BUILDS) expect(await caught(plugin, BUILDS)).toBeUndefined();
    expect(message).toContain(`Plugin "${plugin.manifest.name}" breaks the promise "${plugin.promise}": `);
    expect(message).toMatch(/ See docs\/conformance\.md#[a-z-]+\.$/);
  });
});

describe('the kit', () => {
  it('has a broken plugin for every promise', () => {
    const broken = [...brokenRegularizers, ...brokenBackbones, ...brokenAdapters, ...brokenInterventions];
    const promises = [...pluginChecks, ...Object.values(contractChecks).flat()].map(({ promise }) => promise);
    expect(promises.filter((promise) => !broken.some((plugin) => plugin.promise === promise))).toEqual([]);
  });
});
