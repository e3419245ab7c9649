import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pages, shownResults, withTables } from '../../benchmarks/tables.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('a table of results', () => {
  it('stands under its command and above what the sides agree in', () => {
    const rows = [
      { side: 'ours', median: 1 },
      { side: 'theirs', median: 2, MB: 3 },
    ];
    const checks = { 'first loss': true, predictions: false };
    expect(shownResults({ command: 'node x', rows, checks })).toBe(
      [
        '    node x',
        '| side | median | MB |\n| --- | --- | --- |\n| ours | 1 |  |\n| theirs | 2 | 3 |',
        '* agrees: first loss\n* does not agree: predictions',
      ].join('\n\n'),
    );
  });

  it('says so where nothing has been measured', () => {
    const page = 'a\n<!-- table nothing-native -->\nold\n<!-- /table -->\nb';
    expect(withTables(page, '/nowhere')).toBe(
      'a\n<!-- table nothing-native -->\nNot measured yet.\n<!-- /table -->\nb',
    );
  });

  it.each(pages)('is on %s as results/ has it', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    expect(text).toContain('<!-- table ');
    expect(withTables(text, join(root, 'benchmarks'))).toBe(text);
  });
});
