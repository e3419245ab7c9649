/*
 * The catalogue of errors that a user can meet: code, sentence, remedy. docs/errors.md is checked against it.
 */
export const catalogue = {
  ADAPTER_INVALID: {
    sentence: 'The adapter directory cannot be used',
    remedy: 'Point at a PEFT LoRA directory made for this model (adapter_config.json and adapter_model.safetensors).',
  },
  ARCHITECTURE_UNSUPPORTED: {
    sentence: 'The model has an architecture that Palimpsest cannot run',
    remedy: 'Use a Llama, SmolLM2, Mistral or Qwen2.5 model, or write a backbone plugin.',
  },
  CHAT_TEMPLATE_FAILED: {
    sentence: "The model's chat template does not take the conversation",
    remedy: 'Check the roles and their order, or use `prompt` or `text` in place of `messages`.',
  },
  CHAT_TEMPLATE_MISSING: {
    sentence: 'The model has no chat template',
    remedy: 'Use `prompt` or `text` in place of `messages`.',
  },
  CHECKPOINT_INVALID: {
    sentence: 'The run cannot go on from its checkpoint',
    remedy: 'Run it anew into another --out, or give the config, data and model that it began with.',
  },
  CONFIG_FILE: { sentence: 'The config file cannot be read', remedy: 'Check the path and that it is YAML or JSON.' },
  CONFIG_KEY: {
    sentence: 'The config has a key that does not exist',
    remedy:
      "Remove or rename it; docs/commands/run.md lists the config's keys, `palimpsest plugins NAME` a plugin's options.",
  },
  CONFIG_VALUE: {
    sentence: 'The config has a value that does not fit',
    remedy:
      'Change the value; docs/commands/run.md lists the ranges and defaults of the config, `palimpsest plugins NAME` those of a plugin.',
  },
  DATA_EMPTY: { sentence: 'A task has no examples', remedy: 'Give the file at least one line, or leave the task out.' },
  DATA_FILE: {
    sentence: 'A data file cannot be read',
    remedy: 'Check the path; paths are relative to the config file.',
  },
  DATA_LINE: { sentence: 'A data file has a line that does not fit', remedy: 'Correct the line.' },
  DATA_TOO_LONG: {
    sentence: 'A prompt or answer is longer than allowed',
    remedy: 'Shorten it, raise the maximum, or set `overflow: truncate`.',
  },
  ENGINE_BUILD: {
    sentence: 'The native engine could not be built',
    remedy: 'Install a C++17 compiler (Debian: apt-get install g++) and run `palimpsest engine install` again.',
  },
  ENGINE_DOWNLOAD: {
    sentence: 'The native engine could not be downloaded',
    remedy:
      'Check that Python 3 with pip is there and that its package index can be reached, then run the command again: it resumes.',
  },
  ENGINE_MISSING: {
    sentence: 'The engine is not installed',
    remedy: 'Run `palimpsest engine install`, or use `--engine wasm`.',
  },
  ENGINE_UNKNOWN: { sentence: 'There is no such engine', remedy: 'Use auto, native, wasm or cpu.' },
  INPUTS_CHANGED: {
    sentence: 'Cells of one sweep are to read the same files',
    remedy:
      'Put the files back, or remove the run directories of the cells that have read others, or take another --out.',
  },
  INPUT_FILE: { sentence: 'The input cannot be read', remedy: 'Check the path of --input.' },
  INPUT_LINE: {
    sentence: 'The input has a line that does not fit',
    remedy: 'Correct the line; `palimpsest COMMAND --help` shows its form.',
  },
  MEMORY_TOO_SMALL: {
    sentence: 'The model, or training it, does not fit in memory',
    remedy: 'Use a smaller model, another engine or a machine with more memory.',
  },
  MODEL_DOWNLOAD: {
    sentence: 'The model could not be downloaded',
    remedy:
      'Check the name and the network and run the command again: it resumes. A local folder or GGUF file works without a network.',
  },
  MODEL_FILE: {
    sentence: 'A model file is damaged or incomplete',
    remedy: 'Fetch it again (`palimpsest model pull NAME`).',
  },
  MODEL_NOT_FOUND: {
    sentence: 'The model is not there',
    remedy: 'Give a folder, a .gguf file, a hub id (owner/name) or a known name; `palimpsest model list` shows those.',
  },
  OUTPUT_EXISTS: {
    sentence: 'The output directory is not empty',
    remedy: 'Choose another --out, or remove the directory.',
  },
  OUTPUT_WRITE: {
    sentence: 'The output cannot be written',
    remedy: 'Check that the folder exists and may be written.',
  },
  PASS_INVALID: {
    sentence: 'A plugin asks for a pass that cannot be run',
    remedy: 'Mend the plugin; docs/lifecycle.md tells what a pass may ask for.',
  },
  PLUGIN_CLASH: { sentence: 'Two plugins cannot run together', remedy: 'Remove one of them.' },
  PLUGIN_IDLE: {
    sentence: 'A plugin does nothing',
    remedy:
      'Check its options and the task from which it acts; `palimpsest run --resume DIR --allow-idle` goes on nevertheless.',
  },
  PLUGIN_LOAD: {
    sentence: 'A plugin could not be loaded',
    remedy: 'Check that the file exports a manifest made with definePlugin as default.',
  },
  PLUGIN_MANIFEST: { sentence: "A plugin's manifest does not fit", remedy: 'See docs/write-a-plugin.md.' },
  PLUGIN_MISSING: { sentence: 'A plugin needs another one that is not in the run', remedy: 'Add it to the config.' },
  PLUGIN_UNKNOWN: {
    sentence: 'There is no such plugin',
    remedy: '`palimpsest plugins` lists them; a path starts with ./',
  },
  PRECISION_UNSUPPORTED: {
    sentence: 'The engine does not know this precision',
    remedy: 'Use `precision: f32`, or `--engine native`.',
  },
  QUEUE_JOB: {
    sentence: 'A cell from the queue cannot be run here',
    remedy: 'Give the worker the same grid file, --set and --engine as the sweep, below its --root.',
  },
  QUEUE_UNREACHABLE: {
    sentence: 'The queue cannot be reached',
    remedy: 'Check that the Redis server runs and the URL of --redis.',
  },
  SEARCH_LIBRARY: {
    sentence: 'The search library cannot be used',
    remedy: 'Install Optuna for the Python of --python; docs/commands/search.md has the version.',
  },
  SITE_UNKNOWN: { sentence: 'The model has no such site', remedy: 'docs/plugins/llama.md lists the sites.' },
  TENSOR_INVALID: {
    sentence: 'A tensor is missing or has the wrong shape or type',
    remedy: 'Check that the file belongs to this model.',
  },
  TOKENIZER_UNSUPPORTED: {
    sentence: "The model's tokenizer cannot be used",
    remedy: 'Put a tokenizer.json beside the weights.',
  },
  TOKENS_TOO_LONG: {
    sentence: 'A row has more tokens than the model takes',
    remedy: 'Shorten it or lower maxInputTokens.',
  },
  TOKEN_OUT_OF_RANGE: {
    sentence: 'A token id is outside the vocabulary',
    remedy: "Use ids of this model's tokenizer.",
  },
  TRAINING_DIVERGED: {
    sentence: 'The loss is not a finite number',
    remedy: 'Lower the learning rate or set training.clip.',
  },
  USAGE: { sentence: 'The command line does not fit', remedy: 'See `palimpsest --help`.' },
} as const satisfies Record<string, { sentence: string; remedy: string }>;

export type ErrorCode = keyof typeof catalogue;

export interface ProblemDetails {
  /** File and line, tensor, option or command. */
  readonly where?: string;
  readonly expected?: string;
  readonly got?: string;
  /** Replaces the catalogue's remedy where something more exact is known. */
  readonly remedy?: string;
}

/** An error that a user can mend: printed as one line, exit status 2, no stack trace. */
export class PalimpsestError extends Error {
  override readonly name = 'PalimpsestError';

  constructor(
    readonly code: ErrorCode,
    readonly details: ProblemDetails,
  ) {
    super(PalimpsestError.line(code, details));
  }

  private static line(code: ErrorCode, { where, expected, got, remedy }: ProblemDetails): string {
    const sides = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(', ');
    const parts = [where ? `${where}: ${catalogue[code].sentence}` : catalogue[code].sentence, sides];
    return `[${code}] ${parts.filter(Boolean).join(': ')}. ${remedy ?? catalogue[code].remedy}`.replace(
      /\s*\n\s*/g,
      ' ',
    );
  }
}

/** Makes a PalimpsestError; throw what it returns. */
export function problem(code: ErrorCode, details: ProblemDetails = {}): PalimpsestError {
  return new PalimpsestError(code, details);
}
