import type { TrainingSettings } from '../config/schema.js';
import type { Task } from '../contracts/benchmark.js';

/** Name of the task that joint training makes of all others. */
export const JOINT = 'joint';

/**
 * What is trained: the tasks in their order, all of them as one (the upper bound that no sequence is expected to reach;
 * training shuffles it), or nothing, as where there are no tasks. Where tasks differ in epochs, the joint task has each example as often as its task would pass over it.
 */
export function trainedTasks(tasks: readonly Task[], how: TrainingSettings['tasks']): readonly Task[] {
  if (how === 'sequence' || tasks.length === 0) return tasks;
  return how === 'joint' ? [joined(tasks)] : [];
}

function joined(tasks: readonly Task[]): Task {
  const [{ epochs }] = tasks;
  const alike = tasks.every((task) => task.epochs === epochs);
  const repeated = (task: Task) => Array.from({ length: alike ? 1 : task.epochs }, () => task.train).flat();
  const validation = tasks.flatMap((task) => task.validation ?? []);
  return {
    name: JOINT,
    train: tasks.flatMap(repeated),
    epochs: alike ? epochs : 1,
    ...(validation.length > 0 ? { validation } : {}),
  };
}
