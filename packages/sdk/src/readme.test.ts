/** Runs every example of the README as a program of its own. The lines `// → …` in it are the bodies it sends. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

import { collectorErrorCodes } from './index.ts';
import { openIntake } from './node/test-intake.ts';

const run = promisify(execFile);
const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text);

describe("the README's examples", { concurrency: true }, () => {
  it('are found', () => assert.equal(examples.length, 5));

  for (const [index, example] of examples.entries()) {
    it(`send what they say: ${index + 1}`, async () => {
      await using intake = await openIntake();
      const words = ['--input-type=module-typescript', '--eval', example];
      const { stdout, stderr } = await run(process.execPath, words, {
        env: { ...process.env, ...intake.environment },
        cwd: import.meta.dirname,
        timeout: 20_000,
      });
      assert.equal(stdout + stderr, '');
      const said = [...example.matchAll(/^\/\/ → (.*)$/gm)].map(([, body = '']) => body);
      assert.ok(said.length > 0);
      assert.deepEqual(intake.posts.map(({ body }) => body).sort(), said.sort());
    });
  }
});

describe("the README's table of errors", () => {
  it('has all codes, and no others', () => {
    const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
    const codes = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => code),
    );
    assert.deepEqual(new Set(codes), new Set(collectorErrorCodes));
    assert.equal(codes.length, collectorErrorCodes.length);
  });
});
