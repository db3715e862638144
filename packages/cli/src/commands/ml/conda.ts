import { dirname, resolve } from 'node:path';
import type { PlainValue } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { readNamedFile } from './files.ts';

type Conda = string | { [name: string]: PlainValue };

/**
 * The text of a conda file with the requirement files that its pip lists name (`-r file`) put in. `given` is its path,
 * relative to `folder`, or the file itself as a map. Error: `usage_invalid`.
 */
export async function condaText(given: Conda, folder: string): Promise<string> {
  const { parseDocument, parse, stringify } = await import('yaml');
  if (typeof given !== 'string') return stringify(await withRequirements(given, folder), { lineWidth: 0 });
  // What `show` prints is the text itself.
  if (given.includes('\n')) return given;
  const path = resolve(folder, given);
  const text = new TextDecoder().decode(await readNamedFile(path, 'conda file'));
  const [error] = parseDocument(text).errors;
  if (error !== undefined) {
    throw usageError(`The conda file ${path} is no YAML: ${error.message}`, 'Correct the file.');
  }
  const value: unknown = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError(`The conda file ${path} is no map.`, 'Write name, channels and dependencies.');
  }
  const file = value as Record<string, unknown>;
  return hasRequirements(file)
    ? stringify(await withRequirements(file, dirname(path)), { lineWidth: 0 })
    : text;
}

const requirement = /^\s*(?:-r|--requirement)[\s=]+(?<file>\S.*?)\s*$/;

function hasRequirements(file: Record<string, unknown>): boolean {
  return pipLists(file).some((list) =>
    list.some((line) => typeof line === 'string' && requirement.test(line)),
  );
}

function pipLists({ dependencies }: Record<string, unknown>): unknown[][] {
  if (!Array.isArray(dependencies)) return [];
  return dependencies.flatMap((one: unknown) => {
    const pip = isMap(one) ? one['pip'] : undefined;
    return Array.isArray(pip) ? [pip as unknown[]] : [];
  });
}

async function withRequirements(
  file: Record<string, unknown>,
  folder: string,
): Promise<Record<string, unknown>> {
  const { dependencies } = file;
  if (!Array.isArray(dependencies)) return file;
  const expanded = await Promise.all(
    dependencies.map(async (one: unknown) =>
      isMap(one) && Array.isArray(one['pip'])
        ? { ...one, pip: await expand(one['pip'], { folder, depth: 0 }) }
        : one,
    ),
  );
  return { ...file, dependencies: expanded };
}

const maxDepth = 10;

async function expand(
  lines: readonly unknown[],
  { folder, depth }: { folder: string; depth: number },
): Promise<unknown[]> {
  const expanded: unknown[] = [];
  for (const line of lines) {
    const name = typeof line === 'string' ? requirement.exec(line)?.groups?.['file'] : undefined;
    if (name === undefined) {
      expanded.push(line);
      continue;
    }
    if (depth >= maxDepth)
      throw usageError(`${name} is named by requirement files more than ${maxDepth} deep.`);
    const path = resolve(folder, name);
    const text = new TextDecoder().decode(await readNamedFile(path, 'requirements file'));
    const wanted = text
      .replaceAll(/\\\r?\n/g, ' ')
      .split(/\r?\n/)
      .map((row) => row.replace(/(^|\s)#.*$/, '').trim())
      .filter((row) => row !== '');
    expanded.push(...(await expand(wanted, { folder: dirname(path), depth: depth + 1 })));
  }
  return expanded;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
