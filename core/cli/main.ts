import { Command, CommanderError } from 'commander';
import { PalimpsestError, problem } from '../errors.js';
import { FAILED, REFUSED } from '../exit-status.js';
import { packageVersion } from '../version.js';
import { commandTable } from './commands.js';

/**
 * Runs a command line; sets the exit status: 0 done, 2 something the user can mend (one line on standard error), 1 a fault
 * of Palimpsest itself (with its stack).
 * @param args what follows `palimpsest`
 */
export async function main(args: readonly string[]): Promise<void> {
  endQuietlyWithReader();
  try {
    const program = await buildProgram(args);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args);
  }
}

/** The program with every command named and the one that `args` asks for loaded, so that no other's imports are paid for. */
async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('palimpsest')
    .description('Continual learning of language models: runs, benchmarks and plugins.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  const wanted = wantedCommand(args);
  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    const command = name === wanted ? await load() : new Command(name);
    program.addCommand(inheritSettings(command.summary(summary), program));
  }
  return program;
}

/** The name that the arguments begin with. */
function wantedCommand(args: readonly string[]): string | undefined {
  return args.find((argument) => !argument.startsWith('-'));
}

function inheritSettings(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
  return command;
}

function report(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    return report(usageProblem(error, args), args);
  }
  const fault = error instanceof Error ? error : new Error(String(error));
  if (fault instanceof PalimpsestError) {
    process.stderr.write(`${fault.message}\n`);
    return REFUSED;
  }
  process.stderr.write(`${fault.stack ?? fault.message}\n`);
  return FAILED;
}

/** Commander's own message, which may have two lines, as one of ours. */
function usageProblem(error: CommanderError, args: readonly string[]): PalimpsestError {
  const command = wantedCommand(args);
  const remedy = command && Object.hasOwn(commandTable, command) ? `See \`palimpsest ${command} --help\`.` : undefined;
  if (error.code === 'commander.help') return problem('USAGE', { expected: 'a subcommand', got: 'none', remedy });
  return problem('USAGE', {
    remedy,
    got: error.message
      .replace(/^error: /, '')
      .replace(/\.?\s*\n\s*/g, ' ')
      .replace(/\.$/, ''),
  });
}

/** A reader that goes away (`| head`) ends the program without a word. */
function endQuietlyWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
