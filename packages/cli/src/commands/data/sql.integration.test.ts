import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { openFolderDatastore } from '@gleaner/datastore';
import { inlineFrame } from '@gleaner/protocol';
import { gleaner, startGleaner } from '../../gleaner-process.ts';
import type { Ended } from '../../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-queries-'));
after(() => rm(folder, { recursive: true }));
const environment = { XDG_CACHE_HOME: join(folder, 'caches') };

/** A record of an hour of the day. */
async function collect(collection: string, hour: number, bodies: Record<string, string>): Promise<string> {
  await using datastore = await openFolderDatastore(
    join(folder, 'gleaner-data/modelDataCollector/iris/blue'),
  );
  const lines = Object.entries(bodies).map(([id, data]) => {
    const { head, tail } = inlineFrame({
      id: `${collection}-${id}`,
      source: '/s',
      collection,
      contentType: 'application/json',
      time: Date.UTC(2026, 0, 2, hour) / 1000,
      bodyBytes: data.length,
      correlationId: id,
      extensions: [],
    });
    return head + data + tail;
  });
  const path = `${collection}/2026/01/02/${String(hour).padStart(2, '0')}/i.jsonl`;
  await datastore.put(path, Buffer.from(lines.join('')));
  return datastore.url(path);
}

await collect('model_inputs', 9, { r1: '[{"petal":1.4},{"petal":5}]' });
await collect('model_inputs', 10, { r2: '[{"petal":4.7}]' });
await collect('model_outputs', 9, { r1: '[{"species":"setosa"},{"species":"virginica"}]' });
await collect('model_outputs', 10, { r2: '[{"species":"versicolor"}]' });
await collect('request', 9, { r1: '{"ask":1.0}' });

/** The data were looked at, so the query is next. */
async function hasProfiles(cache: string): Promise<boolean> {
  const names = await readdir(cache, { recursive: true }).catch((): string[] => []);
  return names.some((name) => name.endsWith('.profile.json'));
}

function data(...words: string[]): Promise<Ended> {
  return gleaner(['data', ...words], { folder, environment });
}

async function printed(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await data(...words);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

describe('gleaner data sql', () => {
  it('asks inputs, outputs, and both joined', async () => {
    const query = 'select row_id, petal, species from joined order by row_id';
    assert.equal(
      await printed('sql', query, '-o', 'jsonl'),
      '{"row_id":"r1_0","petal":1.4,"species":"setosa"}\n' +
        '{"row_id":"r1_1","petal":5.0,"species":"virginica"}\n' +
        '{"row_id":"r2_0","petal":4.7,"species":"versicolor"}\n',
    );
    assert.match(
      await printed('sql', 'select sum(petal) as total from model_inputs'),
      /^ +total\n11\.1\d*\n$/,
    );
  });

  it('takes a collection, an hour, a file, several places, and a window', async () => {
    const count = ['sql', 'select count(*) as n from model_inputs', '-o', 'tsv'];
    const hour = 'gleaner-data/modelDataCollector/iris/blue/model_inputs/2026/01/02/09';
    assert.equal(await printed(...count, 'iris/blue/model_inputs'), '3\n');
    assert.equal(await printed(...count, hour), '2\n');
    assert.equal(await printed(...count, `${hour}/i.jsonl`), '2\n');
    assert.equal(await printed(...count, '--from', '2026-01-02T10'), '1\n');
    assert.equal(await printed(...count, '--to', '2026-01-02T10'), '2\n');
    const both = ['iris/blue/model_inputs', 'iris/blue/model_outputs'];
    assert.equal(await printed('sql', 'select count(*) as n from joined', ...both, '-o', 'tsv'), '3\n');
  });

  it('shows the first hundred rows in a table, and says that there are more', async () => {
    const { stdout, stderr } = await data('sql', 'select * from range(1000)');
    assert.equal(stdout.trim().split('\n').length, 101);
    assert.match(stderr, /first 100 rows/);
    assert.equal(
      (await printed('sql', 'select * from range(1000)', '-n', '5', '-o', 'tsv')).trim().split('\n').length,
      5,
    );
  });

  it('refuses what is no query of these data, as usage', async () => {
    for (const query of [
      "copy model_inputs to 'x.csv'",
      "select * from read_text('/etc/passwd')",
      'select nothing',
    ]) {
      const { exitCode, stdout, stderr } = await data('sql', query);
      assert.deepEqual([exitCode, stdout], [2, ''], query);
      assert.match(stderr, /^gleaner: .+\n[^]* {2}fix: /);
    }
    assert.ok(!(await readdir(folder)).includes('x.csv'));
  });

  it('ends at its memory with 1, and says how to give it more', async () => {
    const { exitCode, stderr } = await data(
      'sql',
      "select list(repeat('x', 1000) || i) from range(10000000) t(i)",
      '--memory',
      '200MB',
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, /more than the 200MB[^]*fix: .*--memory/);
    assert.equal((await data('sql', 'select 1', '--memory', 'much')).exitCode, 2);
  });

  it('ends at Ctrl-C with 130', async () => {
    const endless = 'select count(*) from range(100000000000) a, range(1000) b';
    const cache = join(folder, 'interrupted');
    await using running = startGleaner(['data', 'sql', endless, '--cache', cache], { folder });
    while (!(await hasProfiles(cache))) await sleep(20);
    running.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    assert.deepEqual([exitCode, stdout, stderr], [130, '', 'gleaner: cancelled.\n']);
  });

  it('names broken lines below the rows around them, every time', async () => {
    const file = await collect('features', 9, { r9: '[{"f":1}]' });
    await writeFile(file, `broken\n${await readFile(file, 'utf8')}`);
    for (let turn = 0; turn < 2; turn++) {
      const { exitCode, stdout, stderr } = await data(
        'sql',
        'select f from features',
        '-o',
        'tsv',
        'iris/blue/features',
      );
      assert.deepEqual([exitCode, stdout], [0, '1\n']);
      assert.match(stderr, /error {2}line_broken {2}\S+\/2026\/01\/02\/09\/i\.jsonl:1 /);
    }
  });

  it('fails when there is nothing', async () => {
    const { exitCode, stderr } = await data('sql', 'select 1', '--from', '2030-01-01');
    assert.equal(exitCode, 1);
    assert.match(stderr, /No data found for the given time window/);
  });
});

describe('gleaner data show', () => {
  it('shows what was asked, what went in and what came out', async () => {
    const shown = await printed('show', 'r1');
    const [request, inputs, outputs] = ['request', 'model_inputs', 'model_outputs'].map((name) =>
      shown.indexOf(`${name}  `),
    );
    assert.ok(request === 0 && (inputs ?? 0) > request && (outputs ?? 0) > (inputs ?? 0), shown);
    assert.match(shown, /\{"ask":1\.0\}/);
    assert.match(shown, /r1_0 +1\.4\nr1_1 +5\n/);
    assert.match(shown, /r1_0 +setosa\n/);
    assert.doesNotMatch(shown, /versicolor/);
  });

  it('gives the records as they are stored', async () => {
    const [first = ''] = (await printed('show', 'r1', '-o', 'jsonl')).split('\n');
    assert.match(
      first,
      /^\{"collection":"request","file":".*i\.jsonl","line":1,"record":\{.*"data":\{"ask":1\.0\}/,
    );
    const found = JSON.parse(
      await printed('show', 'r1', '-o', 'json', '--query', '[].record.id'),
    ) as string[];
    assert.deepEqual(found, ['request-r1', 'model_inputs-r1', 'model_outputs-r1']);
  });

  it('fails when nothing has the id', async () => {
    const { exitCode, stdout, stderr } = await data('show', 'r');
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.match(stderr, /No record of r lies below gleaner-data/);
  });
});

describe('gleaner data export', () => {
  for (const format of ['parquet', 'csv', 'jsonl']) {
    it(`writes ${format} that others read`, async () => {
      const to = join(folder, `exported ${format}`);
      await printed('export', '--format', format, '--to', to, 'iris/blue/model_inputs');
      assert.deepEqual(await readdir(to), [`model_inputs.${format}`]);
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      const file = join(to, `model_inputs.${format}`);
      const reader = await connection.runAndReadAll(
        `select row_id, petal::double as petal from '${file}' order by 1`,
      );
      assert.deepEqual(reader.getRowsJson(), [
        ['r1_0', 1.4],
        ['r1_1', 5],
        ['r2_0', 4.7],
      ]);
      connection.closeSync();
      instance.closeSync();
    });
  }

  it('takes a window', async () => {
    const to = join(folder, 'exported hour');
    await printed(
      'export',
      '--format',
      'csv',
      '--to',
      to,
      '--until',
      '2026-01-02T10',
      'iris/blue/model_outputs',
    );
    assert.equal((await readFile(join(to, 'model_outputs.csv'), 'utf8')).trim().split('\n').length, 3);
  });
});

describe('gleaner data stats', () => {
  it('sums up the columns', async () => {
    const stats = (await printed('stats', 'iris/blue/model_inputs', '-o', 'jsonl')).trim().split('\n');
    assert.equal(stats.length, 1);
    const { collection, column, type, rows, nulls, least, most, mean } = JSON.parse(stats[0] ?? '') as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [collection, column, type, rows, nulls, least, most, mean],
      ['model_inputs', 'petal', 'DOUBLE', 3, 0, '1.4', '5.0', 3.7],
    );
  });

  it('says of a collection without rows that there are none', async () => {
    assert.equal(
      await printed('stats', 'iris/blue/request', '-o', 'jsonl'),
      '{"collection":"request","rows":0}\n',
    );
  });
});
