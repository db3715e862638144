/**
 * Whether an action is one of those that a pattern names. `*` stands for any text, with slashes; between two slashes it may stand for
 * nothing, so that a role on all of `workspaces/` + `*` + `/read` reads the workspace as well, as in the original. Letters are compared
 * without case.
 */
export function matchesAction(pattern: string, action: string): boolean {
  const text = action.toLowerCase();
  const [head = '', ...rest] = pattern.toLowerCase().split('*');
  const tail = rest.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head) || !text.endsWith(tail)) return false;
  // What the stars have between them, one after the other: no pattern makes this slow.
  let at = head.length;
  let before = head;
  for (const part of rest) {
    const found = text.indexOf(part, at - sharedSlash(before, part));
    if (found === -1) return false;
    at = found + part.length;
    before = part;
  }
  return at - sharedSlash(before, tail) <= text.length - tail.length;
}

/** 1 where the slashes around a star may be the same one. */
function sharedSlash(before: string, after: string): number {
  return before.endsWith('/') && after.startsWith('/') ? 1 : 0;
}

/** Whether what holds at a scope holds for this resource: itself, and everything below it. `/` is above all. */
export function coversScope(scope: string, resourceId: string): boolean {
  const above = scope.toLowerCase().replace(/\/+$/, '');
  const id = resourceId.toLowerCase();
  return above === '' || id === above || id.startsWith(`${above}/`);
}
