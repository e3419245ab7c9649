import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EvaluationSet,
  inject,
  injectable,
  LOGGER,
  type Logger,
  lineChart,
  type Observer,
  OPTIONS,
  type ScoreRecord,
  type TextExample,
  type z,
} from '../../core/index.js';
import type { knowledgeOptions } from './plugin.js';

/** Ends the name of the set of bare questions behind another one. */
const SUFFIX = '.knowledge';
const METRIC = 'choiceAccuracySum';

/** Accuracies of a set by the likelihood of its choices, in every row that was scored. */
interface Curves {
  /** Of the plain answers to the bare questions. */
  readonly knowledge: (number | null)[];
  /** Of the instructed form, by itself. */
  readonly instruction: (number | null)[];
  /** Of the instructed form, behind the most demonstrations. */
  readonly inContext: (number | null)[];
}

/** Follows P(y_c | x), P(y | c, x) and the in-context accuracy of every set that knows its bare questions. */
@injectable()
export class KnowledgeObserver implements Observer {
  private sets: readonly string[] = [];
  private tasks: readonly string[] = [];
  private readonly records: ScoreRecord[] = [];

  constructor(
    @inject(OPTIONS) private readonly options: z.infer<typeof knowledgeOptions>,
    @inject(LOGGER) private readonly logger: Logger,
  ) {}

  probes(scored: readonly EvaluationSet[]): EvaluationSet[] {
    const known = scored.filter(({ items }) => items.some(({ knowledge }) => knowledge));
    const whole = known.filter(({ items }) => items.every(({ knowledge }) => knowledge));
    for (const { name } of known.filter((set) => !whole.includes(set))) {
      this.logger.warn(`knowledge: only some items of "${name}" have bare questions; it is left out`);
    }
    if (known.length === 0) this.logger.warn('knowledge: no scored set has bare questions (`knowledge` of its items)');
    this.sets = whole.map(({ name }) => name);
    return whole.map(bareQuestions);
  }

  runStarted({ tasks }: { tasks: readonly string[] }): void {
    this.tasks = tasks;
  }

  scored(record: ScoreRecord): void {
    if (this.sets.includes(record.set) && METRIC in record.metrics) this.records.push(record);
  }

  probed(record: ScoreRecord): void {
    this.records.push(record);
  }

  /** Writes knowledge.json, and a picture of every set. */
  async runDone({ directory }: { directory: string }): Promise<void> {
    const rows = [...new Set(this.records.map(({ row }) => row))].sort((a, b) => a - b);
    const names = rows.map((row) => (row === 0 ? 'Init' : this.tasks[row - 1]));
    const curves = new Map(this.sets.map((set) => [set, this.curvesOf(set, rows)]));
    const text = JSON.stringify({ rows: names, sets: Object.fromEntries(curves) }, null, 2);
    writeFileSync(join(directory, 'knowledge.json'), `${text}\n`);
    if (!this.options.pictures) return;
    for (const [set, own] of curves) {
      const { knowledge, instruction, inContext } = own;
      const series = [
        { name: 'knowledge', values: knowledge },
        { name: 'instruction', values: instruction },
        { name: 'in-context', values: inContext },
      ];
      const chart = { title: set, x: 'after', labels: names, y: 'accuracy', series };
      writeFileSync(join(directory, `knowledge-${set}.svg`), await lineChart(chart));
    }
  }

  private curvesOf(set: string, rows: readonly number[]): Curves {
    const shots = this.records.filter((record) => record.set === set).map((record) => record.shots);
    const most = Math.max(...shots, 0);
    const at = (name: string, count: number) =>
      rows.map(
        (row) =>
          this.records.find((one) => one.set === name && one.row === row && one.shots === count)?.metrics[METRIC] ??
          null,
      );
    return {
      knowledge: at(`${set}${SUFFIX}`, 0),
      instruction: at(set, 0),
      inContext: most > 0 ? at(set, most) : rows.map(() => null),
    };
  }
}

/** The set of the bare questions behind a set's items, with plain answers. */
function bareQuestions({ name, items }: EvaluationSet): EvaluationSet {
  const asked = items.map(({ answer, choices = [], knowledge, where }) => {
    const { prompt, choices: plain } = knowledge as NonNullable<TextExample['knowledge']>;
    return { prompt, choices: plain, answer: plain[choices.indexOf(answer)], where };
  });
  return { name: `${name}${SUFFIX}`, items: asked, demonstrations: [] };
}
