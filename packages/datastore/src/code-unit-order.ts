/** From here on UTF-8 and the code units of JavaScript sort differently: surrogates stand before these. */
const behindSurrogates = /[\uE000-\uFFFF]/;

/**
 * Brings what comes in the order of UTF-8 bytes, as the clouds list, into the order of code units. They differ only where some
 * paths go on with a character from U+E000 to U+FFFF (compatibility and full-width forms) and others with one above (emoji):
 * the paths behind such a beginning are held until all are there, everything else passes as it comes.
 */
export async function* inCodeUnitOrder<T extends { path: string }>(
  source: AsyncIterable<T>,
): AsyncGenerator<T> {
  let beginning = '';
  let held: T[] = [];
  for await (const object of source) {
    if (held.length > 0 && !object.path.startsWith(beginning)) {
      yield* sorted(held);
      held = [];
    }
    if (held.length > 0) {
      held.push(object);
      continue;
    }
    const index = object.path.search(behindSurrogates);
    if (index < 0) {
      yield object;
      continue;
    }
    beginning = object.path.slice(0, index);
    held = [object];
  }
  yield* sorted(held);
}

function sorted<T extends { path: string }>(objects: T[]): T[] {
  return objects.sort((one, other) => (one.path < other.path ? -1 : 1));
}
