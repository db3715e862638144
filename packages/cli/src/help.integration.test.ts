import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { gleaner } from './gleaner-process.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** `data verify` → what its `--help` prints; `` is gleaner itself. */
const helps = new Map<string, string>();

async function readHelps(command: string[] = []): Promise<void> {
  const { exitCode, stdout } = await gleaner([...command, '--help']);
  assert.equal(exitCode, 0);
  helps.set(command.join(' '), stdout);
  const [, list = ''] = /\nCommands:\n((?: {2}.*\n)*)/.exec(stdout) ?? [];
  const names = Array.from(list.matchAll(/^ {2}([a-z][a-z-]*)/gm), ([, name = '']) => name);
  for (const name of names.filter((one) => one !== 'help')) await readHelps([...command, name]);
}

await readHelps();

/** Calls of gleaner in a text, without the commands that `run` is given. */
function callsIn(text: string): string[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  const calls = lines.flatMap((line) => Array.from(line.matchAll(/(?<=^|\$ |npx |`|^ +)gleaner ([^`#]+)/g)));
  return calls.map(([, words = '']) => words.replace(/ (?:--|\|) .*/, '').trim());
}

/** What is wrong with a call: the command or a flag that there is not. */
function problemsOf(call: string): string[] {
  const words = call.split(/\s+/);
  const groups = [3, 2, 1].map((count) => words.slice(0, count).join(' '));
  const names = groups.find((group) => helps.has(group)) ?? words[0] ?? '';
  const help = words[0]?.startsWith('-') ? helps.get('') : helps.get(names);
  if (help === undefined) return [`gleaner ${names}`];
  const known = new Set(help.match(/(?<=[ ,])--?[a-z][a-z-]*/g));
  return words.filter((word) => /^--?[a-z]/.test(word) && !known.has(word)).map((flag) => `${call}: ${flag}`);
}

describe('gleaner --help', () => {
  for (const [command, help] of helps) {
    it(`of ${command || 'gleaner'} fits 80 columns and ends with an example that it explains`, () => {
      assert.deepEqual(
        help.split('\n').filter((line) => line.length > 80),
        [],
      );
      const [example] = /(?<=\n\nExample:\n {2}).*(?=\n*$)/.exec(help) ?? [];
      assert.match(example ?? '', new RegExp(`^gleaner ${command}`));
      assert.deepEqual(callsIn(example ?? '').flatMap(problemsOf), []);
    });
  }

  it('knows every command and flag of the documentation', async () => {
    const calls: string[] = [];
    const exclude = ['**/node_modules/**', '**/.*/**'];
    for await (const path of glob('**/*.md', { cwd: repository, exclude })) {
      calls.push(...callsIn(await readFile(join(repository, path), 'utf8')));
    }
    assert.ok(calls.length >= 5, `${calls.length} calls found`);
    assert.deepEqual(calls.flatMap(problemsOf), []);
  });
});
