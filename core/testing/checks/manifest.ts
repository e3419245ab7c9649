import path from 'node:path';
import { jsonSchemaOf, optionRows } from '../../config/describe-schema.js';
import { ConfigOrigin } from '../../config/origin.js';
import { validate } from '../../config/validate.js';
import { isPluginManifest } from '../../container/define-plugin.js';
import { PalimpsestError } from '../../errors.js';
import { buildToyRun } from '../toy-run.js';
import { type Check, check, demand } from './check.js';

const origin = new ConfigOrigin([{ name: 'options', value: {}, locate: () => undefined }]);
const place = { origin, listedBy: 'its page' };

/** What every manifest promises. */
export const manifestChecks: readonly Check[] = [
  check('any-plugin', 'its manifest is made by definePlugin and bears the name of its folder', (subject) => {
    const { manifest, settings } = subject;
    demand(isPluginManifest(manifest), 'the manifest was not made by definePlugin');
    const folder = settings.folder && path.basename(path.resolve(settings.folder));
    demand(!folder || folder === manifest.name, `the folder is called "${folder}"`);
  }),

  check('any-plugin', 'its options take those given and explain themselves', ({ manifest, settings }) => {
    validate(manifest.options, settings.options ?? {}, place);
    const mute = optionRows(jsonSchemaOf(manifest.options)).find(({ help, name }) => !help && !name.includes('[]'));
    demand(!mute, `the option "${mute?.name}" has no description`);
  }),

  check('any-plugin', 'an unknown option is refused with the nearest name', ({ manifest, settings }) => {
    const [known] = Object.keys(jsonSchemaOf(manifest.options).properties ?? {});
    const wrong = known ? `${known}x` : 'anything';
    const error = errorOf(() => validate(manifest.options, { ...settings.options, [wrong]: 1 }, place));
    demand(error !== undefined, `"${wrong}" is accepted; make the options a z.strictObject`);
    const named = error instanceof PalimpsestError && error.code === 'CONFIG_KEY';
    demand(named && (!known || error.message.includes(`did you mean "${known}"?`)), `"${wrong}" gives: ${error}`);
  }),

  check('any-plugin', 'it is built from what it declares to need', async (subject) => {
    const run = await buildToyRun(subject);
    await run.dispose();
  }),
];

function errorOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error ?? new Error('nothing');
  }
}
