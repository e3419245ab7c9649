import { container as root } from 'tsyringe';
import { describe, expect, it } from 'vitest';
import { definePlugin } from '../../core/container/define-plugin.js';
import { RunContainer } from '../../core/container/run-container.js';
import { type Injectable, inject, injectable, LOGGER, type Observer, OPTIONS, RANDOM, z } from '../../core/index.js';

const freed: string[] = [];

@injectable()
class Named implements Observer {
  constructor(
    @inject(OPTIONS) readonly options: { name: string },
    @inject(RANDOM) readonly random: object,
  ) {}
  dispose(): void {
    freed.push(this.options.name);
  }
}

class Undecorated implements Observer {
  constructor(readonly options: unknown) {}
  dispose(): void {}
}

/** A composed observer of the class. */
function plugin(provided: Injectable<Observer>, name: string) {
  const manifest = definePlugin({
    name,
    summary: 'A test.',
    provides: { observer: provided },
    options: z.looseObject({}),
  });
  return { manifest, contract: 'observer', use: name, options: { name }, path: ['observers', 0] } as const;
}

describe('the container of a run', () => {
  it('gives each plugin its own options and all the same values, and frees them, the last one first', async () => {
    const container = new RunContainer();
    const random = {};
    container.provide(RANDOM, random);
    const [first, second] = [plugin(Named, 'first'), plugin(Named, 'second')].map((p) => container.create(p) as Named);
    expect([first.options.name, second.options.name]).toEqual(['first', 'second']);
    expect(first.random).toBe(random);
    expect(second.random).toBe(random);
    await container.dispose();
    expect(freed).toEqual(['second', 'first']);
  });

  it('registers nothing globally, and shares nothing with another run', () => {
    new RunContainer().provide(LOGGER, {});
    expect(root.isRegistered(LOGGER)).toBe(false);
    expect(() => new RunContainer().create(plugin(Named, 'alone'))).toThrow(/RANDOM/);
  });

  it('names plugin, parameter and token where one cannot be resolved', () => {
    expect(() => new RunContainer().create(plugin(Named, 'lost'))).toThrow(
      /\[PLUGIN_LOAD\] plugin "lost", parameter random \(2\) of Named: .*got Symbol\(palimpsest\.RANDOM\)/,
    );
    expect(() => new RunContainer().create(plugin(Undecorated, 'bare'))).toThrow(
      /plugin "bare", class Undecorated: .*@injectable\(\)/,
    );
  });
});
