import { jsonSchemaOf, optionRows } from '../config/describe-schema.js';
import type { PluginManifest } from '../contracts/plugin.js';
import { markdownTable } from './markdown-table.js';

/** A plugin's options as a Markdown table, which docs/plugins/NAME.md holds between two `options` comments. */
export function optionTable({ options }: Pick<PluginManifest, 'options'>): string {
  const rows = optionRows(jsonSchemaOf(options)).map(({ name, type, default: value, help }) => {
    return [`\`${name}\``, type, `\`${value}\``, help];
  });
  return markdownTable(['option', 'type', 'default', 'meaning'], rows);
}
