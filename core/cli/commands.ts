import type { Command } from 'commander';

/** A command as `palimpsest --help` lists it; the rest is loaded when it is asked for. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command by its name, in the order of the help page. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'train and score a sequence of tasks as a config says',
    load: async () => (await import('./run.js')).runCommand(),
  },
  sweep: {
    summary: 'run every combination of a grid and table the results',
    load: async () => (await import('./sweep.js')).sweepCommand(),
  },
  search: {
    summary: "search a grid's options for the best of a figure",
    load: async () => (await import('./search.js')).searchCommand(),
  },
  worker: {
    summary: 'run cells of sweeps from a queue',
    load: async () => (await import('./worker.js')).workerCommand(),
  },
  plugins: {
    summary: 'list the plugins and explain their options',
    load: async () => (await import('./plugins.js')).pluginsCommand(),
  },
  data: {
    summary: 'check the data that configs read',
    load: async () => (await import('./data.js')).dataCommand(),
  },
  model: {
    summary: 'fetch models and list them',
    load: async () => (await import('./model.js')).modelCommand(),
  },
  engine: {
    summary: 'install or remove the native engine',
    load: async () => (await import('./engine.js')).engineCommand(),
  },
  tokens: {
    summary: 'token ids of texts and conversations (JSONL)',
    load: async () => (await import('./tokens.js')).tokensCommand(),
  },
  logits: {
    summary: 'most likely next tokens (JSONL)',
    load: async () => (await import('./logits.js')).logitsCommand(),
  },
  score: {
    summary: 'log-likelihoods of choices (JSONL)',
    load: async () => (await import('./score.js')).scoreCommand(),
  },
  generate: {
    summary: 'greedy continuations (JSONL)',
    load: async () => (await import('./generate.js')).generateCommand(),
  },
  vectors: {
    summary: 'find instruction vectors and use them',
    load: async () => (await import('./vectors/command.js')).vectorsCommand(),
  },
  doctor: {
    summary: 'show what this machine offers, and how fast it is',
    load: async () => (await import('./doctor.js')).doctorCommand(),
  },
};
