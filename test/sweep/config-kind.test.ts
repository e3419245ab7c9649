import { describe, expect, it } from 'vitest';
import { assertKind, type ConfigKind, kindOf } from '../../core/sweep/config-kind.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const texts: Record<ConfigKind, string> = {
  run: 'backbone: { use: llama }\n',
  grid: 'base: { A: {} }\n',
  search: 'base: { A: {} }\nsearch: {}\n',
};

describe('a config file', () => {
  it.each(Object.keys(texts) as ConfigKind[])('of a %s is told from those of the others', (kind) => {
    expect(kindOf(writeText(folder, `${kind}.yaml`, texts[kind]))).toBe(kind);
  });

  it('that is for another command is refused, naming that', () => {
    const file = writeText(folder, 'grid.yaml', texts.grid);
    expect(() => assertKind(file, 'run')).toThrow(/USAGE\].*grid\.yaml: .*Run `palimpsest sweep \S+grid\.yaml`/);
    expect(() => assertKind(file, 'grid')).not.toThrow();
    expect(() => assertKind(writeText(folder, 'typo.yaml', 'bases: {}\n'), 'grid')).not.toThrow();
  });
});
