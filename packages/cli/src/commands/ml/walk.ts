import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { usageError } from '../../output/failure.ts';

export interface FoundFile {
  /** On this machine. */
  file: string;
  /** With slashes; what the file is called below the folder. */
  path: string;
}

/** Never part of what is served. */
const alwaysIgnored = new Set([
  '.git',
  '__pycache__',
  'node_modules',
  '.amlignore',
  '.gitignore',
  '.DS_Store',
]);

/**
 * The files of a folder in the order of their paths, or the one file; what `.amlignore` (or `.gitignore` where there is none)
 * of the folder names is left out. Error: `usage_invalid` when there is no such path.
 */
export async function filesOf(path: string, what: string): Promise<FoundFile[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw usageError(
      `The ${what} ${path} does not exist.`,
      'Correct the path; it is relative to the file that names it.',
    );
  }
  if (!found.isDirectory()) return [{ file: path, path: basename(path) }];
  const isIgnored = await ignoreOf(path);
  const files: FoundFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder)) {
      const file = join(folder, entry);
      const name = relative(path, file).split(sep).join('/');
      const entryStat = await lstat(file);
      const isLink = entryStat.isSymbolicLink();
      const target = isLink ? await stat(file).catch(() => undefined) : entryStat;
      if (target === undefined || alwaysIgnored.has(entry) || isIgnored(name, target.isDirectory())) continue;
      // A link to a folder could lead back to where it stands.
      if (target.isDirectory() && !isLink) await walk(file);
      else if (target.isFile()) files.push({ file, path: name });
    }
  };
  await walk(path);
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

type Ignore = (path: string, isFolder: boolean) => boolean;

async function ignoreOf(folder: string): Promise<Ignore> {
  for (const name of ['.amlignore', '.gitignore']) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return createIgnore(text);
  }
  return () => false;
}

/** The rules of a `.gitignore`, without character classes of POSIX; the last that fits decides. */
export function createIgnore(text: string): Ignore {
  const rules = text.split(/\r?\n/).flatMap((line) => {
    const rule = line.trim();
    if (rule === '' || rule.startsWith('#')) return [];
    const isKept = rule.startsWith('!');
    const pattern = isKept ? rule.slice(1) : rule;
    const body = pattern.replace(/^\//, '').replace(/\/$/, '');
    const isAnchored = pattern.replace(/\/$/, '').includes('/');
    const start = isAnchored ? '^' : '^(?:.*/)?';
    return [{ isKept, onlyFolders: pattern.endsWith('/'), form: new RegExp(`${start}${globSource(body)}$`) }];
  });
  return (path, isFolder) => {
    const rule = rules.findLast(({ form, onlyFolders }) => (isFolder || !onlyFolders) && form.test(path));
    return rule !== undefined && !rule.isKept;
  };
}

function globSource(glob: string): string {
  return glob.replaceAll(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    return token === '?' ? '[^/]' : `\\${token}`;
  });
}
