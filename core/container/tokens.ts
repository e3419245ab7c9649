/*
 * Tokens of the run's container. Symbol.for makes them equal across copies of the package, so that a plugin resolved from
 * another folder still meets its run.
 */
const token = (name: string): symbol => Symbol.for(`palimpsest.${name}`);

/** The validated options of the plugin being built: z.infer of its manifest's `options`. */
export const OPTIONS = token('OPTIONS');
/** The run's Backbone. */
export const BACKBONE = token('BACKBONE');
/** Name, hub id or path by which the run's config calls its model. */
export const MODEL = token('MODEL');
/** The run's Adapter. */
export const ADAPTER = token('ADAPTER');
/** The model's Tokenizer. */
export const TOKENIZER = token('TOKENIZER');
/** The run's RandomSource: every draw is named from the run's seed. */
export const RANDOM = token('RANDOM');
/** The run's Logger. */
export const LOGGER = token('LOGGER');
/** Paths that options may name are resolved against this: the folder of the config file. */
export const CONFIG_FOLDER = token('CONFIG_FOLDER');
/** The run directory's absolute path; undefined outside a run. */
export const RUN_FOLDER = token('RUN_FOLDER');
/** Where the model's weights come from: a WeightSource (see core/weights/source.ts); for backbones. */
export const WEIGHTS = token('WEIGHTS');
