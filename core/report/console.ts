import type { StepPosition } from '../contracts/moments.js';
import type { ExpectedMemory, Observer, RunEngine, ScoreRecord, StepRecord } from '../contracts/observer.js';
import { gigabytes } from '../engine/training-memory.js';
import { setScore } from '../evaluation/score-matrix.js';
import { type SetNames, scoreSummary } from '../evaluation/score-summary.js';
import { scoreTable, scoreText } from './score-table.js';

/** Where a report is written: standard output, or a test's string. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width in characters. */
  readonly columns?: number;
}

/** Lines per task where there is no terminal. */
const LINES_PER_TASK = 8;

/** What the run has to do. */
interface Plan {
  /** What is trained, in order. */
  readonly tasks: readonly string[];
  /** The tasks that are scored. */
  readonly scored: readonly string[];
  /** Rows of scores to take. */
  readonly rows: number;
  readonly steps: number;
}

interface Started extends Plan {
  readonly stepsDone: number;
  readonly engine: RunEngine;
  readonly memory?: ExpectedMemory;
  readonly directory: string;
}

/** Tells of a run while it goes: on a terminal one line that changes, else a line now and then; the score table at the end. */
export class ConsoleReport implements Observer {
  private plan: Plan = { tasks: [], scored: [], rows: 0, steps: 0 };
  private readonly records: ScoreRecord[] = [];
  private stepSeconds = 0;
  private steps = 0;
  /** Scores not yet told of. */
  private row: ScoreRecord[] = [];

  constructor(
    private readonly screen: Screen,
    private readonly errors: Screen,
  ) {}

  runStarted({ stepsDone, engine, memory, directory, ...plan }: Started): void {
    this.plan = plan;
    const { tasks, steps } = plan;
    const done = stepsDone > 0 ? `, ${stepsDone} of them done` : '';
    this.line(`${count(tasks.length, 'task')}, ${count(steps, 'step')}${done}, written to ${directory}`);
    this.line(engineLine(engine));
    if (memory) this.line(memoryLine(memory));
    this.changing(stepsDone > 0 ? 'going on' : 'scoring before the first task');
  }

  taskStarted({ task, taskIndex, steps }: { task: { name: string }; taskIndex: number; steps: number }): void {
    this.tellRow();
    this.line(`task ${taskIndex + 1} of ${this.plan.tasks.length}: ${task.name}, ${count(steps, 'step')}`);
  }

  stepDone(record: StepRecord, { taskStep, taskSteps }: StepPosition): void {
    this.steps++;
    this.stepSeconds += record.seconds;
    const done = taskStep + 1;
    const text = [
      `${record.task}  step ${done} of ${taskSteps}`,
      lossText(record.loss),
      `${Math.round(record.tokensPerSecond)} tokens/s`,
      `${duration(this.secondsLeft(record.step))} left`,
    ].join('  ');
    const rhythm = Math.max(1, Math.ceil(taskSteps / LINES_PER_TASK));
    if (this.screen.isTTY) this.changing(text);
    else if (done === 1 || done === taskSteps || done % rhythm === 0) this.line(text);
  }

  scored(record: ScoreRecord): void {
    if (this.row.length > 0 && this.row[0].row !== record.row) this.tellRow();
    this.records.push(record);
    this.row.push(record);
    this.changing(`scored ${record.set} ${record.shots}-shot`);
  }

  taskDone({ task, seconds }: { task: { name: string }; seconds: number }): void {
    this.line(`${task.name} learnt in ${duration(seconds)}`);
    this.changing('scoring');
  }

  warned(message: string): void {
    this.remarked(`warning: ${message}`);
  }

  /** A line beside the results. */
  remarked(message: string): void {
    if (this.screen.isTTY) this.screen.write(CLEAR);
    this.errors.write(`${message}\n`);
  }

  runDone({ seconds, earlier, directory }: { seconds: number; earlier: number; directory: string }): void {
    this.tellRow();
    if (this.records.length > 0) {
      this.line('');
      this.line(scoreTable(this.records, this.names(), this.screen.columns ?? 120));
      this.line(this.figures());
    }
    const before = earlier > 0 ? ` (${duration(earlier)} of them before it went on)` : '';
    this.line(`done in ${duration(seconds)}${before}: ${directory}`);
  }

  /** Steps to come at the mean pace so far, and rows to score at the last one's. */
  private secondsLeft(step: number): number {
    const rows = this.records.filter(({ row }) => row === this.records.at(-1)?.row);
    const scoring = rows.reduce((sum, { seconds }) => sum + seconds, 0);
    const rowsLeft = this.plan.rows - new Set(this.records.map(({ row }) => row)).size;
    return ((this.plan.steps - step) * this.stepSeconds) / this.steps + Math.max(0, rowsLeft) * scoring;
  }

  private figures(): string {
    return Object.entries(scoreSummary(this.records, this.names()))
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${words(name)} ${(value as number).toFixed(2)}`)
      .join('  ');
  }

  private names(): SetNames {
    const { tasks: trained, scored: tasks } = this.plan;
    const heldOut = [...new Set(this.records.map(({ set }) => set))].filter((set) => !tasks.includes(set));
    return { trained, tasks, heldOut };
  }

  /** One line for all scores of a row. */
  private tellRow(): void {
    if (this.row.length === 0) return;
    const title = this.row[0].row === 0 ? 'Init' : `after ${this.plan.tasks[this.row[0].row - 1]}`;
    const cells = this.row.map((record) => {
      const { set, shots } = record;
      const name = shots === 0 ? set : `${set} ${shots}-shot`;
      return `${name} ${scoreText(setScore(record))}`;
    });
    this.row = [];
    this.line(
      wrapped([`${title}: ${cells[0]}`, ...cells.slice(1)], this.screen.isTTY ? this.screen.columns : undefined),
    );
  }

  private line(text: string): void {
    this.screen.write(`${this.screen.isTTY ? CLEAR : ''}${text}\n`);
  }

  /** Shown on a terminal only, until the next line. */
  private changing(text: string): void {
    if (this.screen.isTTY) this.screen.write(`${CLEAR}${text.slice(0, (this.screen.columns ?? 80) - 1)}`);
  }
}

function engineLine({ name, gpu, fallback }: RunEngine): string {
  const hint = fallback ? ' (native is about 5 times faster: palimpsest engine install)' : '';
  return `engine ${name}${gpu ? ` on ${gpu}` : ''}${hint}`;
}

function memoryLine({ peak, free }: ExpectedMemory): string {
  return `memory: about ${gigabytes(peak)} at the peak${free === undefined ? '' : `, ${gigabytes(free)} free`}`;
}

/** The loss, in nats, and the part of it that is not penalties where it has some. */
function lossText({ total, crossEntropy }: StepRecord['loss']): string {
  const [whole, own] = [total, crossEntropy].map((value) => value.toFixed(4));
  return whole === own ? `loss ${whole}` : `loss ${whole} (cross-entropy ${own})`;
}

/** A field's name as words: backwardTransfer as `backward transfer`; HP, IP and FP stay. */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, before: string, capital: string) => `${before} ${capital.toLowerCase()}`);
}

/** Parts joined by commas, broken between two of them where a line would be wider than a terminal. */
function wrapped(parts: readonly string[], width = Number.POSITIVE_INFINITY): string {
  return parts.reduce((text, part) => {
    const line = text.length - text.lastIndexOf('\n') - 1;
    return `${text},${line + part.length + 3 > width ? '\n  ' : ' '}${part}`;
  });
}

/** Back to the line's start, and empty it. */
const CLEAR = '\r\x1b[2K';

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** Seconds as `12 s`, `3:04` or `1:02:03`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [first, ...rest] = parts[0] > 0 ? parts : parts.slice(1);
  return [first, ...rest.map((part) => String(part).padStart(2, '0'))].join(':');
}
