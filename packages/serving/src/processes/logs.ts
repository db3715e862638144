import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What one container says: a file and the one before it, each of at most `maxBytes` (4 MiB). */
export interface LogFile {
  write(text: string | Uint8Array): void;
  writeLine(line: string): void;
  /** The last `lines` of it. */
  tail(lines: number): Promise<string>;
  close(): void;
}

const usualMaxBytes = 4 * 1024 * 1024;

/** Goes on where a former life ended. A disk that takes nothing more loses lines; whoever writes them goes on. */
export function openLogFile(path: string, { maxBytes = usualMaxBytes } = {}): LogFile {
  const oldPath = `${path}.1`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const open = (): number => openSync(path, 'a', 0o600);
  let file: number | undefined = open();
  let bytes = statSync(path).size;
  const rotate = (): void => {
    if (file !== undefined) closeSync(file);
    renameSync(path, oldPath);
    file = open();
    bytes = 0;
  };
  const write = (text: string | Uint8Array): void => {
    if (file === undefined) return;
    const chunk = typeof text === 'string' ? Buffer.from(text) : text;
    try {
      if (bytes > 0 && bytes + chunk.length > maxBytes) rotate();
      writeSync(file, chunk);
      bytes += chunk.length;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  };
  return {
    write,
    writeLine: (line) => write(`${line}\n`),
    async tail(lines) {
      const newer = lastLines(await readText(path), lines);
      const missing = lines - newer.length;
      const older = missing > 0 ? lastLines(await readText(oldPath), missing) : [];
      return textOf([...older, ...newer]);
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Each with its line feed. */
export function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

export function lastLines(text: string, count: number): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return count <= 0 ? [] : lines.slice(-count);
}
