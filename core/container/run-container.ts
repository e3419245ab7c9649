import 'reflect-metadata';
import { container, type DependencyContainer, type InjectionToken } from 'tsyringe';
import type { Contracts, Injectable } from '../contracts/plugin.js';
import { PalimpsestError, problem } from '../errors.js';
import type { ComposedPlugin } from './compose.js';
import { OPTIONS } from './tokens.js';

export type Made = <P extends object>(plugin: ComposedPlugin, made: P) => P;

/**
 * What one run is made of: a child container for the run and one below it for each plugin, which sees its own OPTIONS.
 * Nothing is registered globally. `dispose` frees what the plugins made, the last one first.
 */
export class RunContainer {
  private readonly run = container.createChildContainer();
  private readonly scopes: DependencyContainer[] = [];

  /** @param made what the run gets in the place of a plugin that was built; the plugin itself by default */
  constructor(private readonly made: Made = (_, plugin) => plugin) {}

  /** Makes a value known to every plugin built from now on. Values are not disposed with the container. */
  provide<T>(token: InjectionToken<T>, value: T): void {
    this.run.register(token, { useValue: value });
  }

  /** Builds a plugin's class. @throws PalimpsestError PLUGIN_LOAD naming plugin and parameter, and whatever its constructor throws */
  create<C extends keyof Contracts>(plugin: ComposedPlugin<C>): Contracts[C] {
    const { manifest, contract, options } = plugin;
    const scope = this.run.createChildContainer();
    scope.register(OPTIONS, { useValue: options });
    this.scopes.push(scope);
    try {
      return this.made(plugin, scope.resolve(manifest.provides[contract] as Injectable<Contracts[C]>));
    } catch (error) {
      if (error instanceof PalimpsestError || !(error instanceof Error)) throw error;
      throw resolutionProblem(manifest.name, error);
    }
  }

  /** Disposes every plugin, each of which frees its own tensors; values that were provided are their owners'. */
  async dispose(): Promise<void> {
    for (const scope of this.scopes.splice(0).reverse()) await scope.dispose();
    await this.run.dispose();
  }
}

const UNRESOLVED = /^Cannot inject the dependency "?([^"\s]+)"? at position #(\d+) of "(\w+)" constructor/;
const UNDECORATED = /^TypeInfo not known for "(\w+)"/;

/** A failed resolution in words; an error of the plugin's own constructor stays as it is. */
function resolutionProblem(plugin: string, error: Error): Error {
  const [, parameter, position, name] = UNRESOLVED.exec(error.message) ?? [];
  if (name) {
    const [, missing] = /unregistered dependency token: "([^"]+)"/.exec(error.message) ?? [];
    return problem('PLUGIN_LOAD', {
      where: `plugin "${plugin}", parameter ${parameter} (${Number(position) + 1}) of ${name}`,
      expected: 'a token that this run provides',
      got: missing ?? error.message.split('\n').at(-1)?.trim(),
      remedy: 'Inject only tokens of `palimpsest` that exist when the plugin is built; see docs/write-a-plugin.md.',
    });
  }
  const [, undecorated] = UNDECORATED.exec(error.message) ?? [];
  if (!undecorated) return error;
  return problem('PLUGIN_LOAD', {
    where: `plugin "${plugin}", class ${undecorated}`,
    expected: '@injectable() with an @inject(TOKEN) on every parameter, or `static inject = [TOKEN, ...]`',
    got: 'neither',
    remedy: 'See docs/write-a-plugin.md.',
  });
}
