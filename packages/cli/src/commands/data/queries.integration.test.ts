/** SQL over a cloud's objects: they come over once, and what grew comes after. On the real Azurite. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openDatastore, storeKinds } from '@gleaner/datastore';
import { inlineFrame } from '@gleaner/protocol';
import { startAzurite } from '@gleaner/testkit';
import { gleaner } from '../../gleaner-process.ts';

describe('gleaner data sql, show and export in Azure', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-azure-'));
  const azurite = await startAzurite();
  after(async () => {
    await azurite[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  await azurite.createContainer('collected');
  const settings = {
    account_name: azurite.account,
    container_name: 'collected',
    endpoint: azurite.endpoint,
    protocol: 'http',
  };
  const store = {
    name: 'blob',
    type: 'azure_blob',
    ...settings,
    credentials: { account_key: azurite.accountKey },
  };
  await writeFile(join(folder, 'blob.yml'), JSON.stringify(store));
  const kind = storeKinds.find(({ type }) => type === 'azure_blob');
  assert.ok(kind !== undefined);
  const datastore = await openDatastore({
    kind,
    settings: { ...settings, 'credentials.account_key': azurite.accountKey },
  });
  const path = 'iris/blue/model_inputs/2026/01/02/09/i.jsonl';
  const place = 'azureml://datastores/blob/paths/iris/blue';

  const collect = async (id: string, data: string): Promise<void> => {
    const { head, tail } = inlineFrame({
      id: `e-${id}`,
      source: '/s',
      collection: 'model_inputs',
      contentType: 'application/json',
      time: Date.UTC(2026, 0, 2, 9) / 1000,
      bodyBytes: data.length,
      correlationId: id,
      extensions: [],
    });
    const offset = (await datastore.length(path)) ?? 0;
    await datastore.append(path, { offset, bytes: Buffer.from(head + data + tail) });
  };
  const data = async (...words: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await gleaner(
      ['data', ...words, '-f', 'blob.yml', '--cache', 'cache'],
      { folder },
    );
    assert.equal(exitCode, 0, stderr);
    assert.ok(!(stdout + stderr).includes(azurite.accountKey));
    return stdout;
  };

  it('asks what is there, and what came since', async () => {
    await collect('r1', '[{"petal":1}]');
    const query = ['sql', 'select sum(petal) as total from model_inputs', place, '-o', 'tsv'];
    assert.equal(await data(...query), '1\n');
    await collect('r2', '[{"petal":1.5}]');
    assert.equal(await data(...query), '2.5\n');
    const copies = await readdir(join(folder, 'cache'), { recursive: true });
    assert.ok(copies.some((name) => name.endsWith('.jsonl')));
  });

  it('shows a request with the address of its lines', async () => {
    const shown = await data('show', 'r2', place);
    assert.match(shown, /^model_inputs .* http:\/\/\S+\/i\.jsonl:2\nrow_id +petal\nr2_0 +1\.5\n$/);
  });

  it('exports into the store', async () => {
    const to = 'azureml://datastores/blob/paths/exported';
    assert.match(await data('export', '--format', 'csv', '--to', to, place), /exported\/model_inputs\.csv/);
    const bytes = Buffer.concat(await Array.fromAsync(datastore.read('exported/model_inputs.csv')));
    assert.match(bytes.toString(), /^correlationid,row_id,time,petal\nr1,r1_0,2026-01-02 09:00:00,1\.0\n/);
  });

  it('keeps what it has where the user says', async () => {
    const [name = ''] = (await readdir(join(folder, 'cache'), { recursive: true })).filter((one) =>
      one.endsWith('.jsonl'),
    );
    assert.match(await readFile(join(folder, 'cache', name), 'utf8'), /"correlationid":"r1"/);
  });
});
