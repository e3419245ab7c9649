import { z } from 'zod';

/** What names a file and is no path. */
export const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A task's or held-out set's name: it names files and folders of the run directory. */
export const taskName = z
  .string()
  .max(100)
  .regex(fileName, 'expected letters, digits, dots, hyphens and underscores')
  .refine((name) => name.toLowerCase() !== 'all', 'expected another name: "all" is taken by the adapter of all tasks')
  .describe('Names the task in tables and files.');

/** Whether no name is there twice. */
export function distinctNames(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

interface NamedSets {
  readonly tasks: readonly { readonly name: string }[];
  readonly heldOut: readonly { readonly name: string }[];
}

/** Refuses two tasks or held-out sets of one name (capital letters aside: some file systems do not tell them apart). */
export function refuseEqualNames({ tasks, heldOut }: NamedSets, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  const places = [
    ...tasks.map((task, i) => ({ ...task, path: ['tasks', i] })),
    ...heldOut.map((set, i) => ({ ...set, path: ['heldOut', i] })),
  ];
  for (const { name, path } of places) {
    if (seen.has(name.toLowerCase())) {
      context.addIssue({ code: 'custom', path: [...path, 'name'], message: 'expected a name that is not there twice' });
    }
    seen.add(name.toLowerCase());
  }
}
