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
};
