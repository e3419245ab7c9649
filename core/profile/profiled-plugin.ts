import type { ActivationEdit, ForwardRequest, LinearAddition } from '../contracts/backbone.js';
import type { PassRequest } from '../contracts/passes.js';
import type { Method } from '../engine/override.js';
import type { Profiler } from './profiler.js';
import { CORE } from './records.js';

/** A plugin whose every method, and every function that it gives away, is recorded under its name. */
export function profiledPlugin<P extends object>(plugin: P, name: string, profiler: Profiler): P {
  const owner = { name, profiler };
  const made = new Map<Method, Method>();
  return new Proxy(plugin, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || key === 'constructor') return value;
      const method = value as Method;
      const known = made.get(method) ?? recorded(owner, String(key), method.bind(target));
      made.set(method, known);
      return known;
    },
  });
}

interface Owner {
  readonly name: string;
  readonly profiler: Profiler;
}

function recorded(owner: Owner, hook: string, method: Method): Method {
  const { name, profiler } = owner;
  const own = special[hook];
  if (own) return own(owner, method);
  return (...parameters) => profiler.plugin(name, hook, () => method(...parameters));
}

/** Hooks that give functions away, or take some. */
const special: Readonly<Record<string, (owner: Owner, method: Method) => Method>> = {
  addition:
    (owner, method) =>
    (...parameters) => {
      const addition: LinearAddition | undefined = method(...parameters);
      return addition && { ...addition, apply: applied(owner, addition) };
    },
  edits: ({ name, profiler }, method) => {
    return (...parameters) => {
      const edits: readonly ActivationEdit[] = profiler.plugin(name, 'edits', () => method(...parameters));
      return edits.map((edit) => ({ ...edit, apply: applied({ name, profiler }, edit) }));
    };
  },
  passes: ({ name, profiler }, method) => {
    const own = (request: PassRequest): PassRequest => {
      if (request.edits === undefined || request.edits === 'step') return request;
      return {
        ...request,
        edits: request.edits.map((edit) => ({ ...edit, apply: applied({ name, profiler }, edit) })),
      };
    };
    return (...parameters) => {
      const requests: Record<string, PassRequest> = profiler.plugin(name, 'passes', () => method(...parameters));
      return Object.fromEntries(Object.entries(requests).map(([key, request]) => [key, own(request)]));
    };
  },
  forward: ({ name, profiler }, method) => {
    return (request: ForwardRequest) => {
      profiler.batch();
      const given = ownedBy({ name: profiler.owner, profiler }, request);
      return profiler.plugin(name, 'forward', () => method(given));
    };
  },
};

/** Functions of a request are the asking plugin's. */
function ownedBy(owner: Owner, request: ForwardRequest): ForwardRequest {
  if (owner.name === CORE || !(request.edits || request.variants)) return request;
  return {
    ...request,
    edits: request.edits?.map((edit) => ({ ...edit, apply: applied(owner, edit) })),
    variants: request.variants?.map((one) => ({ ...one, apply: applied(owner, one) })),
  };
}

/** `apply` of what an owner gave away, recorded under the owner's name. */
function applied<A extends { apply: Method }>({ name, profiler }: Owner, of: A): A['apply'] {
  return (...parameters) => profiler.plugin(name, 'apply', () => of.apply(...parameters));
}
