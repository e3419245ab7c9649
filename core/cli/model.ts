import { Command } from 'commander';
import { listModels } from '../weights/cached-models.js';
import { modelsFolder } from '../weights/model-cache.js';
import { findModel } from '../weights/model-files.js';
import { downloadProgress } from './download-progress.js';

/** `palimpsest model`: fetch a model, list those that are there. */
export function modelCommand(): Command {
  const command = new Command('model').description('Fetch models and list them.');
  command
    .command('pull')
    .argument('<name>', 'known name, hub id (owner/name or owner/name:file.gguf), folder or .gguf file')
    .description('Fetch a model into the cache, verified; goes on where it stopped. Prints its path.')
    .action(async (name: string) => {
      const { path } = await findModel(name, { progress: downloadProgress() });
      process.stdout.write(`${path}\n`);
    });
  command
    .command('list')
    .description('List the known names and the models in the cache.')
    .action(() => {
      process.stdout.write(modelList());
    });
  return command;
}

function modelList(): string {
  const lines = listModels().map(({ reference, summary, files }) =>
    [reference, files?.path ?? 'not fetched yet', summary].filter(Boolean).join('  '),
  );
  return `${[...lines, `cache: ${modelsFolder()}`].join('\n')}\n`;
}
