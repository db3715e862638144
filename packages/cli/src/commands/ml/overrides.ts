/** The generic update of `az`: changes of an entity by `--set`, `--add` and `--remove`. */
import { usageError } from '../../output/failure.ts';

export interface Overrides {
  set?: readonly string[];
  add?: readonly string[];
  remove?: readonly string[];
  forceString?: true;
}

export function hasOverrides({ set, add, remove }: Overrides): boolean {
  return [set, add, remove].some((words) => words !== undefined && words.length > 0);
}

/** A changed copy; maps on the way to a value that is set are made. Errors: `usage_invalid`. */
export function applyOverrides<T extends object>(entity: T, overrides: Overrides): T {
  const copy = structuredClone(entity);
  const parse = (text: string) => (overrides.forceString ? text : jsonOrText(text));
  for (const assignment of overrides.set ?? []) setValue(copy, assignment, parse);
  if (overrides.add !== undefined) addValue(copy, overrides.add, parse);
  if (overrides.remove !== undefined) removeValue(copy, overrides.remove);
  return copy;
}

type Parse = (text: string) => unknown;
type Step = string | number | { key: string; value: unknown };

function setValue(entity: object, assignment: string, parse: Parse): void {
  const at = equalsSign(assignment);
  if (at < 1) {
    throw usageError(`--set ${assignment} has no value.`, 'Write --set property1.property2=value.');
  }
  const steps = stepsOf(assignment.slice(0, at));
  const last = steps.pop() ?? '';
  const parent = walk(entity, steps, { make: true });
  const value = parse(assignment.slice(at + 1));
  if (Array.isArray(parent)) parent[itemIndex(parent, last)] = value;
  else if (typeof last === 'string') assign(parent, last, value);
  else throw notThere(last, parent);
}

function addValue(entity: object, [path = '', ...words]: readonly string[], parse: Parse): void {
  const steps = stepsOf(path);
  const last = steps.pop() ?? '';
  const parent = walk(entity, steps, { make: true });
  const present = member(parent, last);
  if (present === undefined && typeof last === 'string' && !Array.isArray(parent)) assign(parent, last, []);
  const list = member(parent, last);
  if (!Array.isArray(list)) {
    throw usageError(`${path} is no list.`, 'Set a value with --set; --add appends to a list.');
  }
  const pairs = words.filter((word) => equalsSign(word) > 0 && !/^[[{"]/.test(word));
  for (const word of words) if (!pairs.includes(word)) list.push(parse(word));
  if (pairs.length === 0) return;
  list.push(
    Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, equalsSign(pair)), parse(pair.slice(equalsSign(pair) + 1))]),
    ),
  );
}

function removeValue(entity: object, [path = '', index]: readonly string[]): void {
  const steps = stepsOf(path);
  const last = steps.pop() ?? '';
  const parent = walk(entity, steps, { make: false });
  const value = member(parent, last);
  if (value === undefined) throw notThere(last, parent);
  if (index !== undefined) {
    if (!Array.isArray(value)) throw usageError(`${path} is no list.`, 'Leave the index out.');
    value.splice(itemIndex(value, Number(index)), 1);
  } else if (Array.isArray(parent)) parent.splice(itemIndex(parent, last), 1);
  else if (typeof last === 'string') Reflect.deleteProperty(parent, last);
}

function walk(entity: object, steps: readonly Step[], { make }: { make: boolean }): object {
  let at = entity;
  for (const step of steps) {
    const next = member(at, step);
    if (typeof next === 'object' && next !== null) {
      at = next;
      continue;
    }
    if (!make || typeof step !== 'string' || Array.isArray(at)) throw notThere(step, at);
    const made = {};
    assign(at, step, made);
    at = made;
  }
  return at;
}

/** `a.b`, `a[0].b`, `a[name=x]`; a dot in a key is written `\.`, or the key in single quotes. */
function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  const parts = path.matchAll(/'([^']*)'|\[([^\]]*)\]|((?:[^.[\]'\\]|\\.)+)/g);
  for (const [, quoted, bracket, plain] of parts) {
    if (quoted !== undefined) steps.push(quoted);
    else if (plain !== undefined) steps.push(plain.replaceAll(/\\(.)/g, '$1'));
    else if (bracket !== undefined) steps.push(bracketStep(bracket));
  }
  if (steps.length === 0) throw usageError(`${JSON.stringify(path)} names no property.`);
  return steps;
}

function bracketStep(text: string): Step {
  const at = text.indexOf('=');
  if (at > 0) return { key: text.slice(0, at), value: jsonOrText(text.slice(at + 1)) };
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

function member(parent: object, step: Step): unknown {
  if (Array.isArray(parent)) {
    const index = findIndex(parent, step);
    return index === undefined ? undefined : parent[index];
  }
  return typeof step === 'string' && Object.hasOwn(parent, step)
    ? (parent as Record<string, unknown>)[step]
    : undefined;
}

function itemIndex(list: readonly unknown[], step: Step): number {
  const index = findIndex(list, step);
  if (index === undefined) throw notThere(step, list);
  return index;
}

function findIndex(list: readonly unknown[], step: Step): number | undefined {
  const index =
    typeof step === 'object'
      ? list.findIndex(
          (item) => typeof item === 'object' && item !== null && member(item, step.key) === step.value,
        )
      : Number(step) < 0
        ? list.length + Number(step)
        : Number(step);
  return Number.isInteger(index) && index >= 0 && index < list.length ? index : undefined;
}

/** Any name, `__proto__` too, is one of its own. */
function assign(parent: object, name: string, value: unknown): void {
  Object.defineProperty(parent, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The first `=` outside of brackets. */
function equalsSign(text: string): number {
  let depth = 0;
  for (const [index, character] of Array.from(text).entries()) {
    if (character === '[') depth++;
    else if (character === ']') depth--;
    else if (character === '=' && depth === 0) return index;
  }
  return -1;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // As Python's shell-safe parser takes them.
    if (text === 'True' || text === 'False') return text === 'True';
    return text === 'None' ? null : text;
  }
}

function notThere(step: Step, parent: object): Error {
  const name = typeof step === 'object' ? `[${step.key}=${JSON.stringify(step.value)}]` : String(step);
  const options = Array.isArray(parent) ? `0 to ${parent.length - 1}` : Object.keys(parent).join(', ');
  return usageError(`Couldn't find '${name}'. Available options: ${options || 'none'}.`);
}
