import type { Command } from 'commander';

/** A command as `palimpsest --help` lists it; the rest is loaded when it is asked for. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command by its name, in the order of the help page. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  model: {
    summary: 'fetch models and list them',
    load: async () => (await import('./model.js')).modelCommand(),
  },
  tokens: {
    summary: 'token ids of texts and conversations, JSONL in and out',
    load: async () => (await import('./tokens.js')).tokensCommand(),
  },
  logits: {
    summary: 'logits of the next token, JSONL in and out',
    load: async () => (await import('./logits.js')).logitsCommand(),
  },
  score: {
    summary: 'log-likelihoods of choices, JSONL in and out',
    load: async () => (await import('./score.js')).scoreCommand(),
  },
  generate: {
    summary: 'greedy continuations, JSONL in and out',
    load: async () => (await import('./generate.js')).generateCommand(),
  },
  engine: {
    summary: 'set up, remove or show the native engine',
    load: async () => (await import('./engine.js')).engineCommand(),
  },
};
