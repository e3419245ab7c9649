import Table from 'cli-table3';
import { Command } from 'commander';
import { jsonSchemaOf, optionRows } from '../config/describe-schema.js';
import { contractOf } from '../container/define-plugin.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import type { PluginManifest } from '../contracts/plugin.js';
import { optionTable } from '../report/option-table.js';

/** `palimpsest plugins`: lists them, or explains one. */
export function pluginsCommand(): Command {
  return new Command('plugins')
    .description('List the built-in plugins, or explain one with its options.')
    .argument('[name]', 'a plugin, an npm package or a ./path')
    .option('--markdown', "only the plugin's options, as the Markdown table of a page")
    .action(async (name: string | undefined, { markdown }: { markdown?: boolean }) => {
      const registry = new PluginRegistry();
      const show = markdown ? (manifest: PluginManifest) => `${optionTable(manifest)}\n` : explain;
      process.stdout.write(name === undefined ? await list(registry) : show(await registry.find(name)));
    });
}

async function list(registry: PluginRegistry): Promise<string> {
  const table = new Table({ head: ['plugin', 'provides', 'summary'], style: { head: [], border: [] } });
  for (const name of registry.builtIn()) {
    const manifest = await registry.find(name);
    table.push([name, contractOf(manifest).contract, manifest.summary]);
  }
  return `${table}\n`;
}

function explain(manifest: PluginManifest): string {
  const { name, summary, paper, requires = [], options } = manifest;
  const facts = [
    `${name} (${contractOf(manifest).contract}): ${summary}`,
    paper && `Source: ${paper}`,
    requires.length > 0 && `Needs: ${requires.join(', ')}`,
  ];
  const table = new Table({
    head: ['option', 'type', 'default', 'meaning'],
    colWidths: [null, 30, 22, 60],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const row of optionRows(jsonSchemaOf(options))) table.push([row.name, row.type, row.default, row.help]);
  return `${facts.filter(Boolean).join('\n')}\n${table.length > 0 ? `${table}\n` : 'It has no options.\n'}`;
}
