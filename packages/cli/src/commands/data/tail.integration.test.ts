import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inlineFrame } from '@gleaner/protocol';
import { gleaner, startGleaner } from '../../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-tail-'));
after(() => rm(folder, { recursive: true }));
const window = join(folder, 'gleaner-data/iris/2026/11/23/18');
const file = join(window, 'i.jsonl');
await mkdir(window, { recursive: true });

function line(id: string, second: number): string {
  const data = '[{"a":1.0}]';
  const { head, tail } = inlineFrame({
    id,
    source: '/s',
    collection: 'model_inputs',
    contentType: 'application/json',
    time: Date.UTC(2026, 10, 23, 18, 0, second) / 1000,
    bodyBytes: data.length,
    correlationId: id,
    extensions: [],
  });
  return head + data + tail;
}

const first = Array.from({ length: 20 }, (_, n) => line(`c${n}`, n));
await writeFile(file, first.join(''));

describe('gleaner data tail', () => {
  it('prints the last records, with -o jsonl byte for byte', async () => {
    const { exitCode, stdout } = await gleaner(['data', 'tail', 'iris', '-n', '2', '-o', 'jsonl'], {
      folder,
    });
    assert.deepEqual([exitCode, stdout], [0, first.slice(-2).join('')]);
    const table = await gleaner(['data', 'tail'], { folder });
    assert.equal(table.stdout.trimEnd().split('\n').length, 11);
    assert.match(table.stdout, / c19 +\[\{"a":1\.0\}\]\n$/);
  });

  it('follows until Ctrl-C, which is exit code 130', async () => {
    await using lines = startGleaner(['data', 'tail', '-f', 'iris', '-n', '1', '-o', 'jsonl'], { folder });
    await using table = startGleaner(['data', 'tail', '-f', 'iris', '-n', '0'], { folder });
    await using asked = startGleaner(
      ['data', 'tail', '-f', 'iris', '-n', '1', '-o', 'jsonl', '--query', 'correlationid'],
      { folder },
    );
    await Promise.all([lines.until(/"c19"/), asked.until(/"c19"/)]);
    // The second process says nothing before there is something: its first look must be over.
    for (let n = 20; ; n++) {
      await appendFile(file, line(`c${n}`, n));
      const shown = await Promise.race([
        table.until(/2026-11-23T18:00:\d\dZ {2}model_inputs +c\d+ +\[\{"a":1\.0\}\]\n/),
        new Promise<void>((resolve) => setTimeout(resolve, 200)),
      ]);
      if (shown !== undefined) break;
    }
    await Promise.all([lines.until(/"c20"/), asked.until(/^"c20"$/m)]);
    for (const process of [lines, table, asked]) process.kill('SIGINT');
    const [raw, , ids] = await Promise.all([lines.ended, table.ended, asked.ended]);
    assert.deepEqual([raw.exitCode, (await table.ended).exitCode, ids.exitCode], [130, 130, 130]);
    assert.ok(raw.stdout.startsWith(`${line('c19', 19)}${line('c20', 20)}`));
    assert.equal(raw.stderr, '');
  });

  it('refuses a format that needs an end', async () => {
    const { exitCode, stderr } = await gleaner(['data', 'tail', '-f', '-o', 'yaml'], { folder });
    assert.equal(exitCode, 2);
    assert.match(stderr, /fix: Take -o jsonl\./);
  });
});
