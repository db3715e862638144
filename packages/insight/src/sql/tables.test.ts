import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openFolderDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { createObjectCache } from '../cache/object-cache.ts';
import type { Finding } from '../findings.ts';
import { sampleLine, writeOpenWindow } from '../sample-data.ts';
import { openTables } from './tables.ts';
import type { Tables } from './tables.ts';

const root = await mkdtemp(join(tmpdir(), "gleaner tables'-"));
after(() => rm(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, `${folders++}`);
const cacheFolder = newFolder();

async function ask(tables: Tables, sql: string): Promise<Record<string, unknown>[]> {
  return Array.fromAsync(tables.query(sql), (json) => JSON.parse(json) as Record<string, unknown>);
}

interface Sample {
  datastore: Datastore;
  open: (options?: { memory?: string; signal?: AbortSignal }) => Promise<Tables>;
  findings: string[];
}

/** Lines of `iris/blue/model_inputs`, a file an hour. */
async function sample(hours: readonly string[][]): Promise<Sample> {
  const datastore = await openFolderDatastore(newFolder());
  for (const [hour, data] of hours.entries()) {
    const lines = data.map((one, n) =>
      one.startsWith('[') ? sampleLine({ id: `h${hour}n${n}`, data: one }) : `${one}\n`,
    );
    await writeOpenWindow(datastore, { window: `2026/01/02/0${hour}`, lines });
  }
  const findings: string[] = [];
  const onFinding = ({ code, line }: Finding) => void findings.push(`${code}:${line}`);
  const cache = createObjectCache({ folder: cacheFolder });
  const source = { datastore, collection: 'iris/blue/model_inputs', onFinding };
  return { datastore, findings, open: (options = {}) => openTables([source], { cache, ...options }) };
}

describe('openTables', () => {
  it('takes types from every line: none is rounded, lost or cut that no sample would have seen', async () => {
    const whole = Array.from({ length: 30_000 }, () => '[{"a":1,"b":7}]');
    const { open } = await sample([
      whole,
      ['[{"a":1.5,"b":9223372036854775808,"late":"x"}]', '[{"b":-9223372036854775808}]'],
    ]);
    await using tables = await open();
    assert.deepEqual(
      await Array.fromAsync(
        tables.query('select sum(a) as a, max(b) as b, min(b) as least, max(late) as late from model_inputs'),
      ),
      ['{"a":30001.5,"b":9223372036854775808,"least":-9223372036854775808,"late":"x"}'],
    );
  });

  it('keeps long whole numbers of 64 bits what they are', async () => {
    const { open } = await sample([['[{"id":1234567890123456789,"o":{"k":[1,{"x":"y"}]}}]']]);
    await using tables = await open();
    assert.deepEqual(
      tables.tables[0]?.columns.map(({ name, type }) => `${name} ${type}`),
      ['correlationid VARCHAR', 'row_id VARCHAR', 'time TIMESTAMP', 'id BIGINT', 'o JSON'],
    );
    assert.deepEqual(
      await Array.fromAsync(tables.query("select id, o, o->>'$.k[1].x' as x from model_inputs")),
      ['{"id":1234567890123456789,"o":{"k":[1,{"x":"y"}]},"x":"y"}'],
    );
  });

  it('names broken lines, and gives the rows around them', async () => {
    const { open, findings } = await sample([['[{"a":1}]', 'broken', '[{"a":2}]'], ['[{"a":3}]']]);
    await using tables = await open();
    assert.deepEqual(await ask(tables, 'select row_id, a from model_inputs order by a'), [
      { row_id: 'h0n0_0', a: 1 },
      { row_id: 'h0n2_0', a: 2 },
      { row_id: 'h1n0_0', a: 3 },
    ]);
    assert.deepEqual(findings, ['line_broken:2']);
  });

  it('reads lines of over 16 MiB, which hold many rows', async () => {
    const row = `{"t":"${'x'.repeat(1000)}"}`;
    const { open, findings } = await sample([
      [`[${Array.from({ length: 20_000 }, () => row).join(',')}]`],
      ['[{"t":"y"}]'],
    ]);
    await using tables = await open();
    assert.deepEqual(await ask(tables, 'select count(*) as n, max(row_id) as last from model_inputs'), [
      { n: 20_001, last: 'h1n0_0' },
    ]);
    assert.deepEqual(findings, []);
  });

  it('follows a body that comes later than its line', async () => {
    const { datastore, open, findings } = await sample([['[{"a":1}]']]);
    const body = 'iris/blue/model_inputs/2026/01/02/03/late.json';
    const reference = { url: datastore.url(body), byteLength: 9, tabular: true };
    const lines = [sampleLine({ id: 'late', body: reference })];
    await writeOpenWindow(datastore, { window: '2026/01/02/03', lines });
    for (const rows of [1, 2]) {
      await using tables = await open();
      assert.deepEqual(await ask(tables, 'select count(*) as n from model_inputs'), [{ n: rows }]);
      await datastore.put(body, Buffer.from('[{"a":2}]'));
    }
    assert.deepEqual(findings, ['payload_missing:1']);
  });

  it('stays at what the present hour held when it was opened', async () => {
    const datastore = await openFolderDatastore(newFolder());
    const window = new Date().toISOString().slice(0, 13).replaceAll(/[-T]/g, '/');
    const line = sampleLine({ id: 'first' });
    const path = await writeOpenWindow(datastore, { window, lines: [line] });
    await using cache = createObjectCache({ folder: cacheFolder });
    const source = { datastore, collection: 'iris/blue/model_inputs' };
    await using tables = await openTables([source], { cache });
    await datastore.append(path, { offset: line.length, bytes: Buffer.from(sampleLine({ id: 'second' })) });
    assert.deepEqual(await ask(tables, 'select count(*) as n from model_inputs'), [{ n: 1 }]);
    await using later = await openTables([source], { cache });
    assert.deepEqual(await ask(later, 'select count(*) as n from model_inputs'), [{ n: 2 }]);
  });

  it('looks at a file once', async () => {
    const { datastore } = await sample([['[{"a":1}]']]);
    const folder = newFolder();
    const looks: number[] = [];
    for (let turn = 0; turn < 2; turn++) {
      await using cache = createObjectCache({ folder });
      await using tables = await openTables([{ datastore, collection: 'iris/blue/model_inputs' }], { cache });
      assert.equal(tables.tables.length, 1);
      const [profile = ''] = (await readdir(folder, { recursive: true })).filter((name) =>
        name.endsWith('.profile.json'),
      );
      looks.push((await stat(join(folder, profile))).mtimeMs);
    }
    assert.equal(looks[0], looks[1]);
  });

  it('has names for columns that quotes, keywords and other columns make hard', async () => {
    const data = '[{"select":1,"it\'s \\"q\\"":2,"time":"t","A":3,"a":4,"":5}]';
    const { open } = await sample([[data]]);
    await using tables = await open();
    const [row] = await ask(tables, 'select * exclude (correlationid, row_id, time) from model_inputs');
    assert.deepEqual(row, { select: 1, 'it\'s "q"': 2, 'data.time': 't', A: 3, a_2: 4, column: 5 });
    const plain = await sample([['[{"select":1,"it\'s \\"q\\"":2}]']]);
    await using others = await plain.open();
    assert.deepEqual((await ask(others, 'select "select", "it\'s ""q""" as q from model_inputs'))[0], {
      select: 1,
      q: 2,
    });
  });

  it('prints what a query makes as JSON that says its type', async () => {
    const { open } = await sample([['[{"a":1}]']]);
    await using tables = await open();
    const sql =
      "select 1.0::double as d, 'nan'::double as n, 12.50::decimal(9,2) as m, true as b, null as z, [1,2] as l, {'k': 'v'} as s, date '2026-01-02' as day, time, time from model_inputs";
    assert.deepEqual(await Array.fromAsync(tables.query(sql)), [
      '{"d":1.0,"n":"NaN","m":12.50,"b":true,"z":null,"l":[1,2],"s":{"k":"v"},"day":"2026-01-02","time":"2026-11-23 18:00:00","time:1":"2026-11-23 18:00:00"}',
    ]);
  });
});

describe('a query of somebody else', async () => {
  const { datastore, open } = await sample([['[{"a":1}]']]);
  const file = datastore.url(
    'iris/blue/model_inputs/2026/01/02/00/4fda2efaa7364394a89c37989af9db93000000.jsonl',
  );
  const quoted = `'${file.replaceAll("'", "''")}'`;

  const beside = join(file, '../beside.txt');
  await writeFile(beside, 'not collected');
  const neighbour = `'${beside.replaceAll("'", "''")}'`;

  const refused = [
    "select * from read_text('/etc/passwd')",
    "select * from glob('/etc/*')",
    "select * from query('copy model_inputs to ''/tmp/gleaner-never''')",
    "from query_table('/etc/passwd')",
    `select * from read_text(${neighbour})`,
    `copy (select 1) to ${quoted}`,
    `copy (select 1) to '/tmp/gleaner-never'`,
    `explain analyze copy (select 1) to ${quoted}`,
    'select 1; select 2',
    `select 1; copy (select 1) to ${quoted}`,
    'drop view model_inputs',
    'create table t as select 1',
    "set memory_limit = '9GB'",
    "attach '/tmp/gleaner-never.db'",
    'install httpfs',
    'load httpfs',
    "select * from read_csv('https://example.invalid/a.csv')",
    "select * from 's3://bucket/a.parquet'",
    "pragma enable_profiling = 'json'",
    "export database '/tmp/gleaner-never'",
    'select nothing from model_inputs',
    'selec 1',
    '',
  ];
  for (const sql of refused) {
    it(`is refused when it is ${sql || 'empty'}`, async () => {
      const before = await readFile(file, 'utf8');
      await using tables = await open();
      await assert.rejects(ask(tables, sql), { code: 'query_invalid' });
      assert.equal(await readFile(file, 'utf8'), before);
      assert.deepEqual(await ask(tables, 'select a from model_inputs'), [{ a: 1 }]);
    });
  }

  it('may look at what there is', async () => {
    await using tables = await open();
    assert.deepEqual(await ask(tables, 'show tables'), [{ name: 'model_inputs' }]);
    assert.equal((await ask(tables, 'describe model_inputs')).length, 4);
    assert.equal((await ask(tables, 'with x as (from model_inputs) from x')).length, 1);
    assert.equal((await ask(tables, 'summarize model_inputs')).length, 4);
  });

  it('ends at the memory it may have, with what to do', async () => {
    await using tables = await open({ memory: '200MB' });
    await assert.rejects(
      ask(tables, "select list(repeat('x', 1000) || i) from range(10000000) t(i)"),
      (error: { code: string; message: string; fix: string }) => {
        assert.equal(error.code, 'query_memory_exceeded');
        assert.match(error.message, /200MB/);
        assert.match(error.fix, /--memory/);
        return true;
      },
    );
    assert.deepEqual(await ask(tables, 'select a from model_inputs'), [{ a: 1 }]);
  });

  it('ends when it is told to', async () => {
    const controller = new AbortController();
    await using tables = await open({ signal: controller.signal });
    const endless = ask(tables, 'select count(*) from range(100000000000) a, range(1000) b');
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(endless, { code: 'query_cancelled' });
  });
});
