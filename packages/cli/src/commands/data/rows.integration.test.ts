import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inlineFrame } from '@gleaner/protocol';
import { openFolderDatastore } from '@gleaner/datastore';
import { gleaner } from '../../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-rows-'));
after(() => rm(folder, { recursive: true }));
const collection = 'iris/blue/model_inputs';

/** Record lines of an hour, a row each; below the folder in which data lie by default. */
async function collect(hour: number, rows: readonly string[]): Promise<void> {
  await using datastore = await openFolderDatastore(join(folder, 'gleaner-data/modelDataCollector'));
  const lines = rows.map((row, index) => {
    const id = `h${hour}n${index}`;
    const { head, tail } = inlineFrame({
      id,
      source: '/s',
      collection: 'model_inputs',
      contentType: 'application/json',
      time: Date.UTC(2026, 10, 23, hour) / 1000,
      bodyBytes: row.length + 2,
      correlationId: id,
      extensions: [],
    });
    return `${head}[${row}]${tail}`;
  });
  await datastore.put(`${collection}/2026/11/23/${hour}/i.jsonl`, Buffer.from(lines.join('')));
}

await collect(17, ['{"a":1.0,"time":"early"}', '{"t":"two\\nlines"}']);
await collect(
  18,
  Array.from({ length: 3000 }, (_, n) => `{"n":${n},"text":"${'x'.repeat(100)}"}`),
);

async function lines(...words: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await gleaner(['data', 'rows', ...words], { folder });
  assert.equal(exitCode, 0, stderr);
  return stdout.trimEnd().split('\n');
}

describe('gleaner data rows', () => {
  it('prints one object a row, its ids first, every value as it was sent', async () => {
    assert.deepEqual(await lines(collection, '--to', '2026-11-23T18', '-o', 'jsonl'), [
      '{"row_id":"h17n0_0","correlationid":"h17n0","time":"2026-11-23T17:00:00Z","a":1.0,"data.time":"early"}',
      '{"row_id":"h17n1_0","correlationid":"h17n1","time":"2026-11-23T17:00:00Z","t":"two\\nlines"}',
    ]);
  });

  it('takes whole hours, by flag or by folder', async () => {
    const inside = await lines(
      collection,
      '--from',
      '2026-11-23T18:59',
      '--to',
      '2026-11-23T19:30',
      '-o',
      'jsonl',
    );
    assert.equal(inside.length, 3000);
    const path = join(folder, 'gleaner-data/modelDataCollector', collection, '2026/11/23/17');
    assert.equal((await lines(path, '-o', 'jsonl')).length, 2);
  });

  it('shows the first ten in a table, and says that there are more', async () => {
    const { stdout, stderr } = await gleaner(['data', 'rows', collection], { folder });
    const [head, ...rows] = stdout.trimEnd().split('\n');
    assert.match(head ?? '', /^row_id +a +data\.time +t +n +text$/);
    assert.equal(rows.length, 10);
    assert.match(rows[0] ?? '', /^h17n0_0 +1\.0 +early$/);
    assert.match(rows[1] ?? '', /two\\nlines/);
    assert.match(stderr, /first 10 rows/);
    assert.equal((await lines(collection, '-n', '3')).length, 4);
  });

  it('gives the same rows in every format', async () => {
    const ask = async (format: string) => (await lines(collection, '-n', '2', '-o', format)).join('\n');
    assert.deepEqual(
      JSON.parse(await ask('json')),
      (await ask('jsonl')).split('\n').map((line) => JSON.parse(line) as unknown),
    );
    assert.match(await ask('json'), /"a":1\.0,/);
    assert.match(await ask('yaml'), /^- row_id: h17n0_0\n[^]*\n {2}a: 1\.0\n/);
    assert.equal(
      await ask('tsv'),
      'h17n0_0\th17n0\t2026-11-23T17:00:00Z\t1.0\tearly\t\nh17n1_0\th17n1\t2026-11-23T17:00:00Z\t\t\ttwo\\nlines',
    );
    const query = ['--query', 'row_id'];
    assert.deepEqual(await lines(collection, '-n', '2', '-o', 'jsonl', ...query), ['"h17n0_0"', '"h17n1_0"']);
    assert.deepEqual(await lines(collection, '-n', '2', '--query', '[].row_id'), ['h17n0_0', 'h17n1_0']);
  });

  it('names broken lines on standard error and gives the rows around them', async () => {
    await collect(20, ['{"a":1}', '{"a":2}']);
    const file = join(folder, 'gleaner-data/modelDataCollector', collection, '2026/11/23/20/i.jsonl');
    await writeFile(file, `broken\n${await readFile(file, 'utf8')}`);
    const words = ['data', 'rows', collection, '--from', '2026-11-23T20', '-o', 'jsonl'];
    const { exitCode, stdout, stderr } = await gleaner(words, { folder });
    assert.deepEqual([exitCode, stdout.split('\n').length - 1], [0, 2]);
    assert.match(stderr, /error {2}line_broken {2}\S+\/2026\/11\/23\/20\/i\.jsonl:1 /);
  });

  it('fails when the window is empty, and on a window that is none ends with 2', async () => {
    const [empty, none] = await Promise.all(
      ['2030-01-01', 'tomorrow'].map((from) =>
        gleaner(['data', 'rows', collection, '--from', from], { folder }),
      ),
    );
    assert.ok(empty !== undefined && none !== undefined);
    assert.deepEqual([empty.exitCode, empty.stdout, none.exitCode], [1, '', 2]);
    assert.match(empty.stderr, /No data found for the given time window/);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, 'data', 'rows', collection, '-o', 'jsonl'], { cwd: folder });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [exitCode] = (await once(child, 'close')) as [number];
    assert.deepEqual([exitCode, stderr], [0, '']);
  });
});
