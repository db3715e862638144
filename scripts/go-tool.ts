// Servers in Go for tests, built once into .cache/.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { withLock } from './lock.mjs';
import { run } from './process-group.ts';
import { cacheFolder, repository } from './repository.ts';

/** What can be asked for. Exact versions: a tool changes when this file does. */
export type GoTool = keyof typeof tools;

/** `path`: the command; `unavailable`: what is missing and what to do. */
export type GoToolFound = { path: string } | { unavailable: string };

export interface GoToolOptions {
  signal?: AbortSignal;
  /** Told when there is something to wait for. Default: a line on standard error. */
  onProgress?: (text: string) => void;
}

const tools = {
  versitygw: { module: 'github.com/versity/versitygw/cmd/versitygw', version: 'v1.8.0' },
  'fake-gcs-server': { module: 'github.com/fsouza/fake-gcs-server', version: 'v1.56.1' },
} as const;

/**
 * Gives the command, built on the first call (two minutes) and found again later. Needs `go` for the first call only.
 * Rejects on an abort only.
 */
export async function goTool(name: GoTool, options: GoToolOptions = {}): Promise<GoToolFound> {
  const { module, version } = tools[name];
  const folder = join(cacheFolder, `${name}-${version}`);
  const tool = { path: join(folder, basename(module)) };
  if (existsSync(tool.path)) return tool;
  const fault = goFault(name);
  if (fault !== undefined) return { unavailable: fault };

  const say = options.onProgress ?? ((text) => process.stderr.write(`gleaner: ${text}\n`));
  const make = async (): Promise<GoToolFound> => {
    if (existsSync(tool.path)) return tool;
    say(`building ${name} ${version} (once, two minutes)`);
    const failure = await build({ package: `${module}@${version}`, folder, signal: options.signal });
    return failure === undefined ? tool : { unavailable: failure };
  };
  const onWait = (pid: number | undefined) => say(`waiting for ${name}, which process ${pid} builds`);
  return withLock(`${folder}.lock`, make, { onWait, signal: options.signal });
}

function goFault(name: GoTool): string | undefined {
  const { status } = spawnSync('go', ['version'], { stdio: 'ignore' });
  if (status === 0) return undefined;
  const { module, version } = tools[name];
  const place = relative(repository, join(cacheFolder, `${name}-${version}`));
  return `no go to build ${module}@${version} with: install Go, or put the built command into ${place}`;
}

interface Build {
  package: string;
  folder: string;
  signal: AbortSignal | undefined;
}

/** Gives the reason when it fails. */
async function build({ package: path, folder, signal }: Build): Promise<string | undefined> {
  const logPath = `${folder}.log`;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await using log = await open(logPath, 'w');
  try {
    const env = { ...process.env, GOBIN: unfinished, GOFLAGS: '-trimpath' };
    const stdio = ['ignore' as const, log.fd, log.fd];
    if ((await run(['go', 'install', path], { stdio, cwd: unfinished, env, signal })) === 0) {
      await rm(folder, { recursive: true, force: true });
      await rename(unfinished, folder);
      return undefined;
    }
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  const lines = (await readFile(logPath, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  const why = lines.at(-1) ?? 'go gave no reason';
  return `${path} could not be built: ${why}. To do: check the connection to the module proxy; see ${relative(repository, logPath)}`;
}
