import { Command } from 'commander';
import { activationsCommand } from './activations.js';
import { applyCommand } from './apply.js';
import { compareCommand } from './compare.js';
import { extractCommand } from './extract.js';
import { sweepCommand } from './sweep.js';
import { traceCommand } from './trace.js';

/** `palimpsest vectors`: instruction vectors, from mean activations to what they bring back. */
export function vectorsCommand(): Command {
  const command = new Command('vectors').description(
    'Find instruction vectors, use them, and see forgetting through them.',
  );
  const parts = [activationsCommand, traceCommand, extractCommand, applyCommand, sweepCommand, compareCommand];
  for (const part of parts) command.addCommand(part());
  return command;
}
