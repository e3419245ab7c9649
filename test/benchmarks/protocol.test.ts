import { describe, expect, it } from 'vitest';
import { parseAnswer, Side } from '../../benchmarks/versus/protocol.js';
import { takeTurns } from '../../benchmarks/versus/turns.js';

/** A side by a line of JavaScript for each request, after its greeting. */
const side = (answer: string, greeting = '{"version":1}') => ({
  name: 'a side',
  command: process.execPath,
  args: [
    '-e',
    `console.log('${greeting}'); require('readline').createInterface({ input: process.stdin }).on('line', (line) => { ${answer} })`,
  ],
});

describe("a side's answer", () => {
  it('is a line with a JSON object', () => {
    expect(parseAnswer('a side', '{"seconds":[1]}')).toEqual({ seconds: [1] });
  });

  it.each(['Loading weights', '[1]', 'null', '3', ''])(
    'is not %j, which is quoted with the name of the side',
    (line) => {
      expect(() => parseAnswer('a side', line)).toThrow(
        `a side should answer by a line with a JSON object, and printed ${JSON.stringify(line)}`,
      );
    },
  );
});

describe('a side', () => {
  it('greets, answers every request, and ends when its input is closed', async () => {
    const started = await Side.start(side('console.log(JSON.stringify({ twice: 2 * JSON.parse(line).n }))'));
    expect(started.greeting).toEqual({ version: 1 });
    expect(await started.ask({ n: 3 })).toEqual({ twice: 6 });
    expect(await started.ask({ n: 5 })).toEqual({ twice: 10 });
    await started.stop();
    await started.stop();
  });

  it('that ends before it answers is told of by name', async () => {
    const started = await Side.start(side('process.exit(3)'));
    await expect(started.ask({})).rejects.toThrow('a side ended before it answered');
    await started.stop();
  });

  it('that greets by anything but JSON is refused', async () => {
    await expect(Side.start(side('', 'hello'))).rejects.toThrow('"hello"');
  });

  it('whose program is not there is told of by its path', async () => {
    const missing = { name: 'PyTorch', command: '/nowhere/python', args: [] };
    await expect(Side.start(missing)).rejects.toThrow(/^PyTorch(: \/nowhere\/python cannot be started| ended before)/);
  });
});

describe('turns', () => {
  it('are taken one after another in every round, fewer of a side that asks for fewer', async () => {
    const taken: string[] = [];
    const turn = (name: string, rounds?: number) => ({
      name,
      rounds,
      take: async () => {
        taken.push(name);
        return taken.length;
      },
    });
    const answers = await takeTurns([turn('ours'), turn('theirs', 1)], 3);
    expect(taken).toEqual(['ours', 'theirs', 'ours', 'ours']);
    expect([...answers]).toEqual([
      ['ours', [1, 3, 4]],
      ['theirs', [2]],
    ]);
  });
});
