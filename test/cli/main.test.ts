import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../core/cli/commands.js';
import { packageVersion } from '../../core/version.js';
import { palimpsest } from './bin.js';

const call = (...args: string[]) => palimpsest(args, tmpdir());

describe('the command line program', () => {
  it.concurrent.each([[[]], [['--help']]])('called with %j lists its commands', async (args) => {
    const { status, stdout, stderr } = await call(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const name of Object.keys(commandTable)) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it.concurrent('prints its version', async () => {
    expect(await call('--version')).toEqual({ status: 0, stdout: `${packageVersion()}\n`, stderr: '' });
  });

  it.concurrent('explains a command', async () => {
    const { status, stdout } = await call('run', '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Usage: palimpsest run \[options\] \[configs\.\.\.\]\n[\s\S]*--set[\s\S]*--out[\s\S]*--engine[\s\S]*--seed/,
    );
  });

  it.concurrent.each([
    [['model'], /^\[USAGE\] .*expected a subcommand, got none/],
    [['data', 'check'], /^\[USAGE\] .*configs/],
    [['model', 'pul'], /^\[USAGE\] .*unknown command 'pul' .*pull/],
    [['run'], /^\[USAGE\] .*expected a config, got none. See `palimpsest run --help`/],
    [['run', 'a.yaml', '--resume'], /^\[USAGE\] .*expected --resume with a directory, or with --out, got neither/],
    [['run', '--resume', 'a', '--out', 'b'], /^\[USAGE\] .*expected --out or the directory of --resume, got both/],
    [['doctor', 'a'], /^\[USAGE\] .*too many arguments/],
    [['logits'], /^\[USAGE\] .*--model/],
  ])('called with %j says in one line what is wrong', async (args, line) => {
    const { status, stdout, stderr } = await call(...args);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it.concurrent('ends without a word where its reader goes away', async () => {
    const bin = fileURLToPath(new URL('../../core/cli/palimpsest.js', import.meta.url));
    const child = spawn(process.execPath, [bin, 'plugins'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect({ status, said }).toEqual({ status: 0, said: '' });
  });
});

describe('palimpsest plugins', () => {
  it.concurrent('lists every built-in plugin with what it provides', async () => {
    const { stdout } = await call('plugins');
    for (const [name, contract] of [
      ['function-vectors', 'benchmark'],
      ['inc-lora', 'adapter'],
      ['jsonl', 'benchmark'],
      ['llama', 'backbone'],
    ]) {
      expect(stdout).toMatch(new RegExp(`│ ${name} +│ ${contract} +│ \\S`));
    }
  });

  it.concurrent('explains one: its source, and its options with type, range, default and meaning', async () => {
    const { stdout } = await call('plugins', 'inc-lora');
    expect(stdout).toMatch(/^inc-lora \(adapter\): .*\nSource: .*arXiv/);
    expect(stdout).toMatch(/│ rank +│ whole number >= 1 +│ 8 +│ r, the rank of a pair\. +│/);
    expect(stdout).toMatch(/│ dropout +│ number >= 0 and < 1 +│ 0 +│ .*0-1/);
    expect(stdout).toMatch(/│ growth +│ per-task \| single +│ "per-task"/);
  });

  it.concurrent('tells the nearest name of one that does not exist', async () => {
    const { status, stderr } = await call('plugins', 'inc-lroa');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^\[PLUGIN_UNKNOWN\] .*did you mean "inc-lora"/)]);
  });
});
