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
      process.stdout.write(name === undefined ? await list(registry) : await told(name, registry, markdown));
    });
}

async function list(registry: PluginRegistry): Promise<string> {
  const manifests = await Promise.all(registry.builtIn().map((name) => registry.find(name)));
  const rows = manifests.map((manifest) => [manifest.name, contractOf(manifest).contract, manifest.summary]);
  return fittedTable(['plugin', 'provides', 'summary'], rows);
}

async function told(name: string, registry: PluginRegistry, markdown?: boolean): Promise<string> {
  const manifest = await registry.find(name);
  return markdown ? `${optionTable(manifest)}\n` : explain(manifest, registry.builtIn().includes(name));
}

function explain(manifest: PluginManifest, page: boolean): string {
  const { name, summary, paper, requires = [], presets = {}, options } = manifest;
  const facts = [
    `${name} (${contractOf(manifest).contract}): ${summary}`,
    paper && `Source: ${paper}`,
    page && `Page: docs/plugins/${name}.md`,
    requires.length > 0 && `Needs: ${requires.join(', ')}`,
    ...touched(manifest),
    ...Object.entries(presets).map(([preset, { summary: what }]) => `Preset ${preset}: ${what}`),
  ];
  const rows = optionRows(jsonSchemaOf(options)).map((row) => [row.name, row.type, wrappable(row.default), row.help]);
  const table = rows.length > 0 ? fittedTable(['option', 'type', 'default', 'meaning'], rows) : 'It has no options.\n';
  return `${facts.filter(Boolean).join('\n')}\n${table}`;
}

/** JSON with blanks behind its commas, for lines to end at. */
const wrappable = (json: string) => json.replaceAll('","', '", "');

/** What it reads and writes with its default options; nothing where one of them must be given. */
function touched({ options, declares }: PluginManifest): string[] {
  const defaults = options.safeParse({});
  if (!defaults.success || !declares) return [];
  const shown = (value: unknown): string => {
    if (Array.isArray(value)) return value.join(', ');
    return typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([key, inner]) => `${key} (${shown(inner)})`)
          .join(', ')
      : String(value);
  };
  return Object.entries(declares(defaults.data)).map(
    ([verb, what]) => `${verb === 'reads' ? 'Reads' : 'Writes'} by default: ${shown(what)}`,
  );
}

/** A table as wide as the terminal at most; of its columns the last one gives way, then those of types and defaults. */
function fittedTable(head: readonly string[], rows: readonly string[][]): string {
  const room = Math.min(process.stdout.columns ?? 120, 120);
  const widest = (column: number) => Math.max(...[head, ...rows].map((row) => row[column].length)) + 2;
  const long = ['type', 'default'];
  const fixed = head
    .slice(0, -1)
    .map((name, column) => (long.includes(name) ? Math.min(widest(column), room / 5) : widest(column)));
  const last = room - fixed.reduce((sum, width) => sum + Math.floor(width) + 1, 2);
  const colWidths = [...fixed.map(Math.floor), Math.max(20, Math.min(last, widest(head.length - 1)))];
  const table = new Table({ head: [...head], colWidths, wordWrap: true, style: { head: [], border: [] } });
  table.push(...rows);
  return `${table}\n`;
}
