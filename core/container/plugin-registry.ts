import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../config/nearest.js';
import type { ContractName, PluginManifest } from '../contracts/plugin.js';
import { problem } from '../errors.js';
import { contractOf } from './define-plugin.js';
import { isPathLike, loadExternalPlugin } from './external.js';

/** Where a plugin is asked for. */
export interface PluginPlace {
  /** What relative paths and npm packages are looked up from. Default: the working directory. */
  readonly folder?: string;
  /** For errors: file and line. */
  readonly where?: string;
  /** What it is to provide: plugins of other kinds are not suggested. */
  readonly contract?: ContractName;
}

/**
 * Name -> manifest. Built-in plugins are the folders of plugins/ beside core/, loaded when they are asked for; others are
 * npm packages or paths.
 */
export class PluginRegistry {
  private readonly known = new Map<string, { manifest: PluginManifest; from: string }>();

  constructor(private readonly builtInFolder = fileURLToPath(new URL('../../plugins/', import.meta.url))) {}

  /** Names of the built-in plugins. */
  builtIn(): string[] {
    const folders = readdirSync(this.builtInFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return folders
      .map(({ name }) => name)
      .filter((name) => this.manifestFile(name))
      .sort();
  }

  /**
   * A plugin by name, npm package or path.
   * @throws PalimpsestError PLUGIN_UNKNOWN with the nearest name, PLUGIN_LOAD, PLUGIN_MANIFEST, PLUGIN_CLASH
   */
  async find(use: string, { folder = process.cwd(), where, contract }: PluginPlace = {}): Promise<PluginManifest> {
    const file = isPathLike(use) ? undefined : this.manifestFile(use);
    if (file) return this.loadBuiltIn(use, file);
    const manifest = await loadExternalPlugin(use, { folder, where });
    if (!manifest) {
      const names = await this.providing(contract);
      throw problem('PLUGIN_UNKNOWN', {
        where,
        expected: `one of ${names.join(', ')}, an npm package or a ./path`,
        got: `"${use}"${didYouMean(use, names)}`,
      });
    }
    return this.add(manifest, isPathLike(use) ? path.resolve(folder, use) : use, where);
  }

  /** Names of the built-in plugins that fulfil a contract, of all without one. */
  private async providing(contract?: ContractName): Promise<string[]> {
    const names = this.builtIn();
    if (!contract) return names;
    const manifests = await Promise.all(names.map((name) => this.find(name)));
    return names.filter((_, i) => contractOf(manifests[i]).contract === contract);
  }

  private async loadBuiltIn(name: string, file: string): Promise<PluginManifest> {
    const { default: manifest } = (await import(file)) as { default: PluginManifest };
    if (manifest?.name !== name) {
      throw problem('PLUGIN_MANIFEST', {
        where: file,
        expected: `the name "${name}" of its folder`,
        got: manifest?.name,
      });
    }
    return this.add(manifest, file);
  }

  /** Remembers a manifest; another one of the same name from elsewhere is refused. */
  private add(manifest: PluginManifest, from: string, where?: string): PluginManifest {
    const { name } = manifest;
    const holder = this.known.get(name)?.from ?? this.manifestFile(name) ?? from;
    if (holder !== from) {
      throw problem('PLUGIN_CLASH', {
        where,
        expected: 'plugins of different names',
        got: `"${name}" from ${holder} and from ${from}`,
        remedy: 'Rename one of them.',
      });
    }
    this.known.set(name, { manifest, from });
    return manifest;
  }

  private manifestFile(name: string): string | undefined {
    if (!/^[a-z0-9-]+$/.test(name)) return undefined;
    const file = path.join(this.builtInFolder, name, `plugin${path.extname(import.meta.url)}`);
    return existsSync(file) ? file : undefined;
  }
}
