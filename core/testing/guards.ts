import type { ActivationEdit } from '../contracts/backbone.js';
import type { Intervention } from '../contracts/intervention.js';
import type { Regularizer } from '../contracts/regularizer.js';
import { demand } from './checks/check.js';

/** The plugin itself, save for the methods given; its own fields stay its own. */
function withMethods<P extends object>(plugin: P, methods: Partial<P>): P {
  return new Proxy(plugin, {
    get(target, key) {
      const value = key in methods ? methods[key as keyof P] : Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A regularizer whose term is looked at before TensorFlow.js stumbles over it. */
export function guardedRegularizer(regularizer: Regularizer): Regularizer {
  return withMethods(regularizer, {
    penalty(moment) {
      const term = regularizer.penalty(moment);
      demand(term.rank === 0, `the penalty's shape is [${term.shape.join(', ')}], not []`);
      return term;
    },
  });
}

/** An intervention whose edits are looked at likewise. */
export function guardedIntervention(intervention: Intervention): Intervention {
  return withMethods(intervention, {
    edits: (step, batch) => intervention.edits(step, batch).map(guardedEdit),
  });
}

export function guardedEdit(edit: ActivationEdit): ActivationEdit {
  return {
    ...edit,
    apply(activation, inputs, rows) {
      const edited = edit.apply(activation, inputs, rows);
      const [got, want] = [edited.shape.join(', '), activation.shape.join(', ')];
      demand(got === want, `the edit of ${edit.site} gives [${got}] for [${want}]`);
      return edited;
    },
  };
}
