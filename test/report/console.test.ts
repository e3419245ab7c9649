import { describe, expect, it } from 'vitest';
import type { RunEngine, ScoreRecord, StepRecord } from '../../core/contracts/observer.js';
import { ConsoleReport, duration } from '../../core/report/console.js';

/** A screen that keeps what was written. */
function paper(isTTY: boolean) {
  let text = '';
  return { isTTY, columns: 100, write: (more: string) => (text += more), text: () => text };
}

const score = (row: number, exact: number): ScoreRecord => ({
  row,
  set: 'a',
  shots: 0,
  metrics: { exact },
  items: 4,
  seconds: 10,
});

const recordOf = (step: number): StepRecord => ({
  step,
  task: 'a',
  epoch: 1,
  loss: { total: 2, crossEntropy: 2 },
  gradientNorm: 1,
  learningRate: 1e-3,
  tokens: 50,
  tokensPerSecond: 100,
  seconds: 0.5,
});

/** Tells a report of a run of one task of 20 steps of half a second. */
function tell(report: ConsoleReport, rows = 2): void {
  const task = { name: 'a', train: [], epochs: 1 };
  report.runStarted({
    tasks: ['a'],
    scored: ['a'],
    rows,
    steps: 20,
    stepsDone: 0,
    engine: { name: 'native' },
    directory: '/runs/x',
  });
  report.scored(score(0, 0.25));
  report.taskStarted({ task, taskIndex: 0, steps: 20 });
  for (let taskStep = 0; taskStep < 20; taskStep++) {
    report.stepDone(recordOf(taskStep + 1), {
      step: taskStep + 1,
      taskIndex: 0,
      taskStep,
      taskSteps: 20,
      epoch: 0,
      epochs: 1,
    });
  }
  report.taskDone({ task, seconds: 10 });
  report.scored(score(1, 0.75));
  report.runDone({ seconds: 75, earlier: 0, directory: '/runs/x' });
}

describe('the console report', () => {
  it('writes plain lines now and then where there is no terminal, and the score table at the end', () => {
    const [screen, errors] = [paper(false), paper(false)];
    tell(new ConsoleReport(screen, errors));
    const lines = screen.text().split('\n');
    expect(lines.slice(0, 6)).toEqual([
      '1 task, 20 steps, written to /runs/x',
      'engine native',
      'Init: a 0.25',
      'task 1 of 1: a, 20 steps',
      'a  step 1 of 20  loss 2.0000  100 tokens/s  20 s left',
      'a  step 3 of 20  loss 2.0000  100 tokens/s  19 s left',
    ]);
    expect(lines.filter((line) => line.includes(' step '))).toHaveLength(8);
    expect(lines).toContain('after a: a 0.75');
    expect(screen.text()).toMatch(/│ exact +│ a +│[\s\S]*│ Init +│ 0\.25 │[\s\S]*│ after a │ 0\.75 │/);
    expect(lines.at(-2)).toBe('done in 1:15: /runs/x');
    expect(screen.text()).not.toContain('\x1b');
    expect(errors.text()).toBe('');
  });

  it("tells a set's score by its own metric, line by line, in the table and in the figures", () => {
    const screen = paper(false);
    const report = new ConsoleReport(screen, paper(false));
    const plan = { tasks: ['a'], scored: ['a'], rows: 2, steps: 0, stepsDone: 0, engine: { name: 'native' } as const };
    report.runStarted({ ...plan, directory: '/runs/x' });
    const own = (row: number, set: string, metrics: Record<string, number>) =>
      report.scored({ ...score(row, 0), set, metric: 'rougeLUnion', metrics });
    own(1, 'a', { exact: 0.1, rougeLUnion: 0.4 });
    own(1, 'h', { exact: 0.2, rougeLUnion: 0.8 });
    report.runDone({ seconds: 1, earlier: 0, directory: '/runs/x' });
    const lines = screen.text().split('\n');
    expect(lines).toContain('after a: a 0.40, h 0.80');
    expect(screen.text()).toMatch(/│ rougeLUnion │ a +│ h +│[\s\S]*│ after a +│ 0\.40 │ 0\.80 │/);
    expect(lines).toContain('average 0.40  HP 0.80  FP 0.40');
  });

  it('keeps one line up to date on a terminal', () => {
    const screen = paper(true);
    tell(new ConsoleReport(screen, paper(true)));
    const changing = screen
      .text()
      .split('\n')
      .filter((line) => line.includes(' step '));
    expect(changing).toHaveLength(1);
    expect(changing[0].split('\r\x1b[2K')).toHaveLength(22);
  });

  it('counts no time for scores that will not be taken', () => {
    const screen = paper(false);
    tell(new ConsoleReport(screen, paper(false)), 1);
    expect(screen.text()).toMatch(/a {2}step 1 of 20 .* 10 s left/);
    expect(screen.text()).toMatch(/a {2}step 20 of 20 .* 0 s left/);
  });

  it.each<[RunEngine, string]>([
    [{ name: 'native', gpu: 'H100' }, 'engine native on H100'],
    [{ name: 'wasm' }, 'engine wasm'],
    [{ name: 'wasm', fallback: true }, 'engine wasm (native is about 5 times faster: palimpsest engine install)'],
  ])('names the engine %o, and what would be faster where that is not there', (engine, line) => {
    const screen = paper(false);
    const plan = { tasks: [], scored: [], rows: 0, steps: 0, stepsDone: 0 };
    new ConsoleReport(screen, paper(false)).runStarted({ ...plan, engine, directory: '/runs/x' });
    expect(screen.text().split('\n')).toContain(line);
  });

  it.each([
    [{ peak: 1.62e9, free: 21.34e9 }, 'memory: about 1.6 GB at the peak, 21.3 GB free'],
    [{ peak: 1.62e9 }, 'memory: about 1.6 GB at the peak'],
  ])('tells the memory that the run will need, and what is free where that is known', (memory, line) => {
    const screen = paper(false);
    const plan = { tasks: [], scored: [], rows: 0, steps: 0, stepsDone: 0, engine: { name: 'native' } as const };
    new ConsoleReport(screen, paper(false)).runStarted({ ...plan, memory, directory: '/runs/x' });
    expect(screen.text().split('\n')).toContain(line);
  });

  it('shows the cross-entropy beside a loss that has penalties', () => {
    const screen = paper(false);
    const at = { step: 1, taskIndex: 0, taskStep: 0, taskSteps: 1, epoch: 0, epochs: 1 };
    const loss = { total: 20.1, crossEntropy: 1.2, ewc: 18.9 };
    new ConsoleReport(screen, paper(false)).stepDone({ ...recordOf(1), loss }, at);
    expect(screen.text()).toContain('loss 20.1000 (cross-entropy 1.2000)');
  });

  it('tells how much of its time was spent before the run went on', () => {
    const screen = paper(false);
    new ConsoleReport(screen, paper(false)).runDone({ seconds: 75, earlier: 20, directory: '/runs/x' });
    expect(screen.text()).toBe('done in 1:15 (20 s of them before it went on): /runs/x\n');
  });

  it('warns on standard error', () => {
    const [screen, errors] = [paper(false), paper(false)];
    new ConsoleReport(screen, errors).warned('mind the gap');
    expect([screen.text(), errors.text()]).toEqual(['', 'warning: mind the gap\n']);
  });

  it('tells times as seconds, minutes or hours', () => {
    expect([12.4, 184, 3723].map(duration)).toEqual(['12 s', '3:04', '1:02:03']);
  });
});
