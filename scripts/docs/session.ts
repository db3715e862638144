/** Runs a page of the documentation as its reader would: block after block, in one shell. */
import { open, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startGroup } from '../process-group.ts';
import { repository } from '../repository.ts';
import type { Fence } from './fences.ts';

export interface Block {
  fence: Fence;
  /** What the page says it prints. */
  shown: string | undefined;
}

export interface Outcome extends Block {
  /** Standard output and standard error, as a terminal shows them. */
  printed: string;
  /** The first command that failed and that nobody asked about; empty when all went well. */
  failed: string;
}

export interface Session {
  /** Where everything happens; to be removed by the caller. */
  folder: string;
  /** Folders of commands that go before those of the machine. */
  path: readonly string[];
  timeoutMs: number;
}

/**
 * The blocks of a page that do something, each with the `text` block behind it. Throws for a block of a language that nobody
 * would run; blocks without a language are pictures.
 */
export function blocksOf(fences: readonly Fence[]): Block[] {
  const blocks: Block[] = [];
  for (const fence of fences) {
    if (fence.language === '') continue;
    if (fence.language !== 'text') {
      blocks.push({ fence, shown: undefined });
      continue;
    }
    const last = blocks.at(-1);
    if (last === undefined || last.shown !== undefined)
      throw new Error(`Line ${fence.line}: no command stands before this text.`);
    last.shown = fence.text;
  }
  return blocks;
}

/** Runs `blocks`; those that a time-out or an `exit` kept from running are missing in what it gives. */
export async function runBlocks(blocks: readonly Block[], session: Session): Promise<Outcome[]> {
  const ports = await freePorts(pagePorts);
  const replaced = (text: string): string =>
    text.replaceAll(/\b\d+\b/g, (number) => String(ports.get(Number(number)) ?? number));
  const scripts = blocks.map(({ fence }, index) => `${scriptOf(fence, index)}\n${mark(index)}`);
  const script = replaced([prologue, ...scripts, 'jobs -r'].join('\n'));
  const pieces = (await runShell(script, session, environmentOf(session, ports))).split(markPattern);
  const leftRunning = pieces.length > 2 * blocks.length ? (pieces.pop()?.trim() ?? '') : '';
  return blocks.flatMap(({ fence, shown }, index) => {
    const [printed, failed = 'the end of the block: something hangs, or ended the shell'] = pieces.slice(
      2 * index,
      2 * index + 2,
    );
    if (printed === undefined) return [];
    const notEnded = index === blocks.length - 1 && leftRunning !== '' ? `nothing ends ${leftRunning}` : '';
    return [{ fence, shown: shown && replaced(shown), printed, failed: failed || notEnded }];
  });
}

/** Gives everything that the script and what it started printed. */
async function runShell(
  script: string,
  { folder, timeoutMs }: Session,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const output = join(folder, 'output.txt');
  await using log = await open(output, 'w');
  await using group = await startGroup(['bash', '-c', script], {
    cwd: repository,
    env,
    stdio: ['ignore', log.fd, log.fd],
    stopTimeoutMs: 3000,
  });
  const waited = new AbortController();
  await Promise.race([group.exited, sleep(timeoutMs, undefined, waited).catch(() => {})]);
  waited.abort();
  await group.stop();
  return readFile(output, 'utf8');
}

/**
 * Of the model server, the workspace, the proxy, the intake, the admin port and Azurite. Two runs of a page must not meet: each
 * gets free ones for them.
 */
const pagePorts = [5001, 5080, 8080, 50_011, 50_012, 10_000];

/** The shell notes the first command of a block that fails outside `||` and `if`, and leaves nothing running behind. */
const prologue = `
failed=
set -E -o pipefail
trap ': "\${failed:=$BASH_COMMAND}"' ERR
trap 'trap - EXIT; kill $(jobs -p) 2>/dev/null; wait; exit 1' EXIT TERM
`;

const mark = (index: number): string =>
  `printf '\\n@@ %s @@\\n' "\${failed//$'\\n'/ }"; failed= # block ${index}`;
const markPattern = /\n@@ (.*) @@\n/;

function scriptOf({ language, file, text, line }: Fence, index: number): string {
  if (file !== undefined) return `cat > '${file}' <<'end of block ${index}'\n${text}end of block ${index}`;
  const written = (name: string): string => scriptOf({ language, file: name, text, line }, index);
  switch (language) {
    case 'sh':
      return text;
    // What a model server would do: the collector runs beside it.
    case 'ts':
      return `${written('block.ts')}\ngleaner run -f examples/iris-typescript/deployment.yml -- node block.ts`;
    case 'python':
      return `${written('block.py')}\npython block.py`;
    case 'sql':
      return `${written('block.sql')}\nnode '${join(import.meta.dirname, 'run-sql.ts')}' block.sql`;
    default:
      throw new Error(`Line ${line}: nobody runs a block of '${language}' without a file name.`);
  }
}

function environmentOf({ folder, path }: Session, ports: ReadonlyMap<number, number>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => name === 'GLEANER_PYTHON' || !/^(GLEANER|AZUREML)_|_proxy$/i.test(name),
  );
  return {
    ...Object.fromEntries(own),
    PATH: [...path, process.env['PATH']].join(delimiter),
    TMPDIR: folder,
    NO_COLOR: '1',
    GLEANER_INTAKE_PORT: String(ports.get(50_011)),
    GLEANER_ADMIN_PORT: String(ports.get(50_012)),
    GLEANER_CONFIG_DIR: join(folder, 'config'),
    GLEANER_SERVER: `http://127.0.0.1:${ports.get(5080)}`,
  };
}

/**
 * A free port in the place of each. They are held until all are found, so that no two are the same, and lie below those that
 * systems give to whoever asks for any: nobody else gets one of them before the page has it.
 */
async function freePorts(numbers: readonly number[]): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  const servers: Server[] = [];
  for (const number of numbers) {
    for (;;) {
      const port = 20_000 + Math.floor(Math.random() * 12_000);
      const server = createServer().listen(port, '127.0.0.1');
      const isFree = await once(server, 'listening').then(
        () => true,
        () => false,
      );
      if (!isFree) continue;
      servers.push(server);
      found.set(number, port);
      break;
    }
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}
