import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatFinding, openYaml, plainValue } from '@gleaner/protocol';
import type { Finding } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { applyOverrides, hasOverrides } from './overrides.ts';
import type { Overrides } from './overrides.ts';

/** A file as it is to be read, with what the command line puts in its place. */
export interface Source {
  source: string | Uint8Array;
  fileName: string;
}

/** Reads a file that a command names. Error: `usage_invalid`. */
export async function readNamedFile(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const why = code === 'ENOENT' ? 'there is no such file' : code;
    throw usageError(`The ${what} ${path} cannot be read: ${why}.`, 'Name a file that is there.');
  }
}

/**
 * The YAML of `file` (an empty one without) with `members` put over its own and the overrides applied. Where nothing is
 * changed, it is the file as it is, so that findings point into it.
 */
export async function openSource(
  file: string | undefined,
  members: Readonly<Record<string, unknown>>,
  overrides: Overrides = {},
): Promise<Source> {
  const bytes = file === undefined ? undefined : await readNamedFile(file, 'file');
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  const fileName = file ?? 'the command line';
  if (bytes !== undefined && given.length === 0 && !hasOverrides(overrides))
    return { source: bytes, fileName };
  const plain = bytes === undefined ? {} : plainFile(bytes, fileName);
  const changed = applyOverrides({ ...plain, ...Object.fromEntries(given) }, overrides);
  return entitySource(changed, fileName);
}

/** The members of a YAML file, as they are. Error: `usage_invalid`. */
export async function readMembers(file: string): Promise<Record<string, unknown>> {
  return plainFile(await readNamedFile(file, 'file'), file);
}

/** An entity as the source of a file: JSON is YAML. */
export function entitySource(entity: object, fileName: string): Source {
  return { source: JSON.stringify(entity, undefined, 1), fileName };
}

/** Says on standard error what is worth knowing of a file. */
export function tellWarnings(warnings: readonly Finding[], fileName: string): void {
  for (const warning of warnings) process.stderr.write(`warning: ${formatFinding(warning, fileName)}\n`);
}

function plainFile(bytes: Uint8Array, fileName: string): Record<string, unknown> {
  const { root, report } = openYaml(bytes);
  if (root === undefined) {
    const { problems } = report.findings();
    throw usageError(problems.map((problem) => formatFinding(problem, basename(fileName))).join('\n'));
  }
  const plain = plainValue(root.value);
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? plain : {};
}
