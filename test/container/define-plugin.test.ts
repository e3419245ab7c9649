import { expect, it } from 'vitest';
import { contractOf, definePlugin, isPluginManifest } from '../../core/container/define-plugin.js';
import { z } from '../../core/index.js';

class Nothing {}
const good = { name: 'a-b', summary: 'A test.', provides: { observer: Nothing }, options: z.strictObject({}) };

it('takes a manifest that fits and knows it again', () => {
  const manifest = definePlugin({ ...good });
  expect(isPluginManifest(manifest)).toBe(true);
  expect(isPluginManifest({ ...good })).toBe(false);
  expect(contractOf(manifest)).toEqual({ contract: 'observer', provided: Nothing });
});

it.each([
  ['a name', { name: 'A b' }, /name of lower-case words/],
  ['a summary', { summary: '' }, /summary/],
  ['one contract', { provides: {} }, /exactly one of backbone/],
  ['no more than one contract', { provides: { observer: Nothing, adapter: Nothing } }, /exactly one of/],
  ['a known contract', { provides: { observr: Nothing } }, /exactly one of/],
  ['a class', { provides: { observer: undefined } }, /a class/],
  ['options', { options: undefined }, /z\.strictObject/],
  [
    'no option that would hide its presets',
    { options: z.strictObject({ preset: z.string() }), presets: {} },
    /no option `preset`/,
  ],
])('demands %s', (_, change, message) => {
  expect(() => definePlugin({ ...good, ...change } as never)).toThrow(message);
});
