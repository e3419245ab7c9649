import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PalimpsestError } from '../../core/errors.js';
import { assertThere, type DataSource } from '../../core/text/data-source.js';
import { scratchFolder } from '../config/write-config.js';

const folder = scratchFolder();
mkdirSync(join(folder, 'there'));
writeFileSync(join(folder, 'there', 'one.json'), '[]');

/** What is said of sources of which files are missing; undefined where none is. */
function said(...sources: DataSource[]): PalimpsestError['details'] | undefined {
  try {
    assertThere(folder, sources);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(PalimpsestError);
    expect((error as PalimpsestError).code).toBe('DATA_FILE');
    return (error as PalimpsestError).details;
  }
}

describe('files that are to be read', () => {
  it('may all be there', () => {
    expect(
      said({ folder: 'there', files: ['one.json'] }, { files: ['there/one.json'] }, { files: [] }),
    ).toBeUndefined();
  });

  it('are named by their path where one is missing', () => {
    expect(said({ folder: 'there', files: ['one.json', 'two.json'] })).toEqual({
      where: join(folder, 'there', 'two.json'),
      expected: 'a file that can be read',
      got: 'none',
      remedy: undefined,
    });
  });

  it('are named by their places in a folder where several are missing, and told where they come from', () => {
    const published = { folder: 'there', files: ['a/1.json', 'one.json', 'a/2.json', 'a/3.jsonl'], from: 'the moon' };
    expect(said(published)).toEqual({
      where: join(folder, 'there'),
      expected: '3 files',
      got: 'none of a/{1,2}.json, a/3.jsonl',
      remedy: 'They come from the moon; docs/data.md tells how to get them.',
    });
  });

  it('are all named where several folders lack some, each origin once', () => {
    const moon = { folder: 'there', files: ['a.json'], from: 'the moon' };
    const sun = { folder: 'away', files: ['b.json', 'c.json'], from: 'the sun' };
    expect(said(moon, sun, { ...moon, files: ['d.json'] })).toEqual({
      where: join(folder, 'there'),
      expected: '4 files',
      got: `none of {a,d}.json, ${join(folder, 'away')}/{b,c}.json`,
      remedy: 'They come from the moon, and from the sun; docs/data.md tells how to get them.',
    });
  });

  it("are named in full where they are a user's own, one that is asked for twice once", () => {
    expect(said({ files: ['x.json', 'y.json', './x.json'] })).toMatchObject({
      where: join(folder, 'x.json'),
      expected: '2 files',
      got: `none of ${folder}/{x,y}.json`,
    });
  });
});
