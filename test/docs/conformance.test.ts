import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contractChecks, pluginChecks } from '../../core/testing/describe-plugin.js';

const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
const sections = page.split(/^## /m).slice(1);

const checked = Object.entries(contractChecks).filter(([, checks]) => checks.length > 0);

describe.each([['any plugin', pluginChecks] as const, ...checked])('docs/conformance.md, %s', (contract, checks) => {
  it('lists every promise in the order of the checks', () => {
    const section = sections.find((text) => text.toLowerCase().startsWith(`${contract}\n`)) ?? '';
    const promises = [...section.matchAll(/^- \*\*(.+?)\*\* — /gm)].map((match) => match[1]);
    expect(promises).toEqual(checks.map(({ promise }) => promise));
  });
});
