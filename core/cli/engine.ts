import { Command, Option } from 'commander';
import { nativeObstacle, useEngine } from '../engine/engine.js';
import { enginesFolder, entryFolders, type Flavour, installedEngines } from '../engine/engine-cache.js';
import { gpuName } from '../engine/gpu.js';
import { installEngine, removeEngine } from '../engine/install.js';
import { findNativePackage } from '../engine/native-package.js';
import { releases } from '../engine/release.js';
import { folderSize } from '../weights/watch-size.js';
import { aligned, readableBytes } from './aligned.js';
import { downloadProgress } from './download-progress.js';

const logger = { info: say, warn: say };

/** `palimpsest engine`: set up, remove and show the native engine. */
export function engineCommand(): Command {
  const command = new Command('engine').description('Set up the native engine, or remove it.');
  command
    .command('install')
    .description('Fetch the TensorFlow library with pip, compile and try the addon, link it; goes on where it stopped.')
    .addOption(new Option('--cpu', 'for the processor (the default)').conflicts('cuda'))
    .addOption(new Option('--cuda', 'for NVIDIA GPUs; several GB').conflicts('cpu'))
    .action(async ({ cuda }: { cuda?: boolean }) => {
      await install(cuda ? 'cuda' : 'cpu');
    });
  command.command('remove').description('Unlink the native engine and delete it from the cache.').action(remove);
  command.command('status').description('Show what is installed and what `auto` chooses.').action(status);
  return command;
}

async function install(flavour: Flavour): Promise<void> {
  const gpu = flavour === 'cpu' ? gpuName() : undefined;
  if (gpu) logger.info(`There is a GPU (${gpu}): \`palimpsest engine install --cuda\` sets the engine up for it.`);
  const addon = await installEngine(releases[flavour], { logger, progress: downloadProgress() });
  logger.info('The native engine is ready.');
  process.stdout.write(`${addon}\n`);
}

async function remove(): Promise<void> {
  const removed = await removeEngine();
  process.stdout.write(removed.length ? `${removed.join('\n')}\n` : '');
  logger.info(removed.length ? 'Removed.' : 'There was nothing to remove.');
}

async function status(): Promise<void> {
  const place = findNativePackage();
  const obstacle = nativeObstacle();
  const finished = installedEngines();
  const entries = await Promise.all(
    entryFolders().map(async (entry): Promise<[string, string]> => {
      const state = finished.some(({ folder }) => folder === entry) ? '' : ', unfinished';
      return ['installed', `${entry} (${readableBytes(await folderSize(entry))}${state})`];
    }),
  );
  const { name, kernels } = await useEngine('auto');
  const rows: [string, string][] = [
    ['package', place ? `${place.folder} (${place.version})` : 'not installed'],
    ['addon', obstacle ?? `${place?.addon}`],
    ['cache', enginesFolder()],
    ...entries,
    ['auto', name],
    ...(name === 'native' ? [['operations', operationsOf(kernels)] as [string, string]] : []),
  ];
  process.stdout.write(aligned(rows));
}

/** @param kernels as the engine tells */
function operationsOf(kernels?: boolean): string {
  if (kernels === undefined) return "TensorFlow's (on the GPU)";
  return kernels
    ? 'fused, compiled for this processor'
    : "TensorFlow's: `palimpsest engine install` compiles the fused ones";
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
