// biome-ignore lint/suspicious/noExplicitAny: methods of any kind
export type Method = (...parameters: any[]) => any;

/** Puts another method in the place of an object's own or inherited one; the function given back undoes it. */
export function override(target: object, name: string, make: (original: Method) => Method): () => void {
  const methods = target as Record<string, Method>;
  const own = Object.getOwnPropertyDescriptor(target, name);
  methods[name] = make(methods[name].bind(target));
  return () => {
    if (own) Object.defineProperty(target, name, own);
    else delete methods[name];
  };
}
