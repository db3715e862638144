/** The real command as a process of its own. For tests. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs `gleaner <words>` without colours to its end. */
export function gleaner(
  words: readonly string[],
  { folder, environment }: { folder?: string; environment?: Record<string, string> } = {},
): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1', ...environment };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...words], { cwd: folder, env }, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
