/** What collections are called in queries. */

export interface TableNames {
  /** In the order of the collections. */
  collections: string[];
  /** By position among the collections. */
  joins: { name: string; inputs: number; outputs: number }[];
}

/**
 * The last part of a collection's path, and so many of the parts before it as tell it from the others: `model_inputs`, or
 * `blue_model_inputs` and `green_model_inputs`. Inputs and outputs of one deployment are joined as `joined`, or `blue_joined`.
 */
export function tableNames(paths: readonly string[]): TableNames {
  const collections = uniqueNames(paths.map((path) => path.split('/')));
  const pairs = paths.flatMap((path, inputs) => {
    const outputs = paths.indexOf(outputsOf(path) ?? '', 0);
    return outputs >= 0 && outputs !== inputs
      ? [{ inputs, outputs, parts: [...folderOf(path), 'joined'] }]
      : [];
  });
  const names = uniqueNames(
    pairs.map(({ parts }) => parts),
    collections,
  );
  return {
    collections,
    joins: pairs.map(({ inputs, outputs }, index) => ({ name: names[index] ?? '', inputs, outputs })),
  };
}

function folderOf(path: string): string[] {
  return path.split('/').slice(0, -1);
}

/** `…/model_inputs` has its outputs in `…/model_outputs`. */
function outputsOf(path: string): string | undefined {
  return /(?<=^|\/|_)inputs$/.test(path) ? path.replace(/inputs$/, 'outputs') : undefined;
}

function uniqueNames(paths: readonly (readonly string[])[], taken: readonly string[] = []): string[] {
  const longest = Math.max(1, ...paths.map((parts) => parts.length));
  const used = new Set(taken.map((name) => name.toLowerCase()));
  const namesOf = (depth: number) => paths.map((parts) => parts.slice(-depth).join('_') || 'data');
  for (let depth = 1; depth <= longest; depth++) {
    const names = namesOf(depth);
    const distinct = new Set(names.map((name) => name.toLowerCase()));
    if (distinct.size === names.length && distinct.isDisjointFrom(used)) return names;
  }
  return namesOf(longest).map((name, index) => `${name}_${index + 1}`);
}
