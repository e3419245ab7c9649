import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../core/cli/commands.js';
import { runSchema } from '../../core/config/schema.js';
import { catalogue } from '../../core/errors.js';
import { metricNames } from '../../core/evaluation/metrics.js';
import { optionTable } from '../../core/report/option-table.js';
import { gridSchema } from '../../core/sweep/grid-schema.js';
import { searchSchema } from '../../core/sweep/search-schema.js';
import { OPTUNA } from '../../core/sweep/suggester.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const filesIn = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
const pages = ['README.md', 'benchmarks/README.md', ...filesIn('docs', '.md'), ...filesIn('examples', '.md')];

/** What a page holds between two comments of the name. */
function generated(page: string, name: string): string | undefined {
  return new RegExp(`<!-- ${name} -->\n([\\s\\S]*?)\n<!-- /${name} -->`).exec(read(page))?.[1];
}

/** The whole page: `npx vitest run --config test/vitest.config.ts test/docs -u` writes it anew. */
function errorPage(): string {
  const rows = Object.entries(catalogue).map(
    ([code, { sentence, remedy }]) => `| \`${code}\` | ${sentence} | ${remedy} |`,
  );
  return `# Errors

What a user can mend is said in one line on standard error: \`[CODE] where: what is wrong: expected .., got ... What to do.\`
The exit status is 2, nothing is left half-written, and \`where\` names file and line, option, tensor or command. Anything else
is a fault of Palimpsest: exit status 1, with a stack trace.

| code | meaning | what to do |
| --- | --- | --- |
${rows.join('\n')}
`;
}

describe('the page of errors', () => {
  it('is the catalogue', async () => {
    await expect(errorPage()).toMatchFileSnapshot(join(root, 'docs/errors.md'));
  });
});

describe('the pages of commands', () => {
  it('have one for every command', () => {
    const names = Object.keys(commandTable);
    expect(names.filter((name) => !existsSync(join(root, 'docs', 'commands', `${name}.md`)))).toEqual([]);
  });

  it('name every option that a command takes', async () => {
    for (const [name, { load }] of Object.entries(commandTable)) {
      const command = await load();
      const flags = [command, ...command.commands].flatMap(({ options }) => options.map(({ long }) => long ?? ''));
      const page = read(`docs/commands/${name}.md`);
      expect(
        flags.filter((flag) => !page.includes(flag)),
        name,
      ).toEqual([]);
    }
  });

  it("hold the config's table as the schema has it", () => {
    expect(generated('docs/commands/run.md', 'options')).toBe(optionTable({ options: runSchema }));
    expect(generated('docs/commands/sweep.md', 'options')).toBe(optionTable({ options: gridSchema }));
    expect(generated('docs/commands/search.md', 'options')).toBe(
      optionTable({ options: searchSchema.pick({ search: true }) }),
    );
  });

  it('name every subcommand', async () => {
    for (const [name, { load }] of Object.entries(commandTable)) {
      const page = read(`docs/commands/${name}.md`);
      const subcommands = (await load()).commands.map((command) => `palimpsest ${name} ${command.name()}`);
      expect(subcommands.filter((command) => !page.includes(command))).toEqual([]);
    }
  });

  it('name the version of Optuna that is tested', () => {
    expect(read('docs/commands/search.md')).toContain(`pip install optuna==${OPTUNA}`);
  });

  it('name every metric', () => {
    const page = read('docs/commands/run.md');
    expect(Object.keys(metricNames).filter((metric) => !page.includes(`\`${metric}\``))).toEqual([]);
  });
});

describe('links between pages', () => {
  it('lead from the index to every page', () => {
    const listed = [...read('docs/index.md').matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => join('docs', link));
    const others = filesIn('docs', '.md').filter((page) => page !== 'docs/index.md');
    expect(listed.sort()).toEqual([...others, 'README.md'].sort());
  });

  it.each(pages)('lead somewhere: %s', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => link);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
});
