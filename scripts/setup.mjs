// Runs on any Node from 20 on with nothing installed. Everything else runs on the Node that this brings.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const repositoryRoot = fileURLToPath(new URL('..', import.meta.url));
const bin = join(repositoryRoot, 'node_modules', '.bin');
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * Installs what package-lock.json names, Node included, unless it is there; milliseconds when it is.
 * Ends the process with an explanation when it cannot.
 */
export async function setup() {
  if (isCurrent()) return;
  await withLock(
    join(repositoryRoot, '.cache', 'setup.lock'),
    async () => {
      if (!isCurrent()) await install();
    },
    { onWait: (pid) => say(`waiting for the set-up that process ${pid} has under way`) },
  );
}

/** Sets up, then runs a TypeScript file of this folder with this process's arguments and ends as it ends. */
export async function runScript(file) {
  await setup();
  const script = [join(repositoryRoot, 'scripts', file), ...process.argv.slice(2)];
  process.exit(await run(join(bin, 'node'), script, { graceMs: 60_000 }));
}

async function install() {
  const node = `node@${readJson('package.json').devDependencies.node}`;
  const command = ['npx', '--yes', '--package', node, '--', 'npm', 'ci', '--no-audit', '--no-fund'];
  say(`installing ${node} and the packages of package-lock.json (once, about a minute)`);
  const started = Date.now();
  const code = await run('npx', command.slice(1), { stdout: 2, graceMs: 5_000 });
  if (code > 128) process.exit(code);
  if (code !== 0 || !isCurrent()) {
    say(`set-up failed: \`${command.join(' ')}\` ended with code ${code}.`);
    say('  Why:   see npm above; most often the package registry is out of reach or the disk is full.');
    say('  To do: put that right and run the same command again.');
    process.exit(1);
  }
  say(`installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** npm writes node_modules/.package-lock.json last: what it names is there, and whole. */
function isCurrent() {
  if (!existsSync(join(bin, 'node'))) return false;
  const wanted = readJson('package-lock.json').packages;
  const present = readJson('node_modules/.package-lock.json')?.packages ?? {};
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = present[path];
    if (!path.includes('node_modules/')) return true;
    return found === undefined
      ? optional === true
      : found.version === version && found.integrity === integrity;
  });
}

function readJson(path) {
  const file = join(repositoryRoot, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * Runs a command in a process group of its own and gives its exit code, 128 + n if signal n stopped it. A terminal and
 * npm may both deliver one Ctrl-C here: the command sees it once. What is left when the command ends, or `graceMs` after the signal, is killed.
 */
function run(command, args, { stdout = 'inherit', graceMs }) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const stdio = ['ignore', stdout, 'inherit'];
  let stopped;
  let timer;
  const stop = (signal) => {
    if (stopped !== undefined) return;
    stopped = signal;
    kill(child.pid, signal);
    timer = setTimeout(() => kill(child.pid, 'SIGKILL'), graceMs);
  };
  for (const signal of stopSignals) process.on(signal, stop);
  const child = spawn(command, args, { cwd: repositoryRoot, env, stdio, detached: true });
  const endWatch = watchNpm(() => stop('SIGHUP'));
  return new Promise((resolve) => {
    child.once('error', (error) => {
      endWatch();
      say(`cannot run ${command}: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      endWatch();
      kill(child.pid, 'SIGKILL');
      for (const signal of stopSignals) process.off(signal, stop);
      resolve(code === 0 ? 0 : stopped || signal ? 128 + constants.signals[stopped ?? signal] : code);
    });
  });
}

/** npm starts us without a shell between (`exec` in package.json), and when it is hung up it ends without a word. */
function watchNpm(onEnd) {
  const parent = process.ppid;
  if (!process.env.npm_lifecycle_event) return () => {};
  const timer = setInterval(() => process.ppid === parent || onEnd(), 250);
  return () => clearInterval(timer);
}

function kill(pid, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function say(text) {
  process.stderr.write(`gleaner: ${text}\n`);
}
