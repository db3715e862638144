/** One collector, three clouds: what a user does to collect there and to look at it. On real servers. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { startAzurite, startFakeGcs, startVersitygw } from '@gleaner/testkit';

import { goTool } from '../../../../../scripts/go-tool.ts';
import { gleaner, startGleaner } from '../../gleaner-process.ts';

const [versitygw, fakeGcs] = [await goTool('versitygw'), await goTool('fake-gcs-server')];
const missing = [versitygw, fakeGcs].flatMap((tool) => ('unavailable' in tool ? [tool.unavailable] : []));

const secrets: string[] = [];

describe('data in a store', { skip: missing.length > 0 && missing.join('; ') }, async () => {
  if ('unavailable' in versitygw || 'unavailable' in fakeGcs) return;
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-stores-'));
  const stack = new AsyncDisposableStack();
  after(async () => {
    await stack.disposeAsync();
    await rm(folder, { recursive: true });
  });
  const azurite = stack.use(await startAzurite());
  const s3 = stack.use(await startVersitygw(versitygw.path));
  const gcs = stack.use(await startFakeGcs(fakeGcs.path));
  await azurite.createContainer('collected');
  await s3.makeBucket('collected');
  await gcs.makeBucket('collected');
  const datastores = {
    blob: {
      type: 'azure_blob',
      account_name: azurite.account,
      container_name: 'collected',
      endpoint: azurite.endpoint,
      protocol: 'http',
      credentials: { account_key: azurite.accountKey },
    },
    s3: {
      type: 's3',
      bucket: 'collected',
      endpoint: s3.endpoint,
      credentials: { access_key_id: s3.accessKeyId, secret_access_key: s3.secretAccessKey },
    },
    gcs: { type: 'gcs', bucket: 'collected', endpoint: gcs.endpoint },
  };
  secrets.push(azurite.accountKey, s3.secretAccessKey);
  const names = Object.keys(datastores) as (keyof typeof datastores)[];
  const collector = {
    name: 'blue',
    endpoint_name: 'iris',
    data_collector: {
      collections: Object.fromEntries(names.map((name) => [`rows_${name}`, collection(name)])),
    },
    datastores,
    intake: { port: 0 },
    admin: { port: 0 },
  };
  await writeFile(join(folder, 'collector.yml'), JSON.stringify(collector));

  it('is stored at the end of the collector, with bodies beside the lines', async () => {
    await using running = startGleaner(['collect', '--config', 'collector.yml'], { folder });
    const [, port] = await running.until(/"msg":"collector listens on [\d.]+:(\d+)"/);
    for (const name of names) {
      for (const [type, body] of [
        ['application/json', '[{"petal":1.4},{"petal":5.0}]'],
        ['application/json', '[{"petal":4.7}]'],
        ['image/png', 'no image'],
      ] as const) {
        const headers = {
          'content-type': type,
          'ce-type': `azureml.inference.rows_${name}`,
          'ce-time': '1704445200',
          'ce-x-request-id': `r${body.length}`,
        };
        const answer = await fetch(`http://127.0.0.1:${port}/modeldata/log`, {
          method: 'POST',
          headers,
          body,
        });
        assert.equal(answer.status, 200);
      }
    }
    running.kill('SIGTERM');
    const { exitCode, stderr } = await running.ended;
    assert.equal(exitCode, 0, stderr);
    assertNoSecret(stderr);
  });

  for (const name of names) {
    const place = `azureml://datastores/${name}/paths/iris/blue`;
    const data = async (...words: string[]) => {
      const ended = await gleaner(['data', ...words, '-f', 'collector.yml'], { folder });
      assertNoSecret(ended.stdout + ended.stderr);
      assert.equal(ended.exitCode, 0, ended.stderr);
      return ended.stdout;
    };

    it(`of type ${datastores[name].type} is listed, shown, read and proven complete`, async () => {
      assert.match(await data('ls', place), new RegExp(`iris/blue/rows_${name} +1 +1 +\\d +3 `));
      const head = await data('head', place, '-o', 'jsonl');
      assert.match(head, /"data":\[\{"petal":1\.4\},\{"petal":5\.0\}\]/);
      const url = /"data":"([^"]*)","contentrange":"bytes 0-7\/8"/.exec(head)?.[1] ?? '';
      assert.match(url, new RegExp(`^[a-z0-9]+://.*/iris/blue/rows_${name}/2024/01/05/09/[0-9a-f-]{36}$`));
      const rows = await data('rows', `${place}/rows_${name}`, '-o', 'tsv', '--query', '[].[row_id, petal]');
      assert.equal(rows.trim().split('\n').length, 3);
      assert.match(await data('verify', place), /accepted 3 · stored 3 · missing 0 · duplicate 0\n$/);
    });

    it(`of type ${datastores[name].type} is found by the URLs that are shown`, async () => {
      const listed = JSON.parse(await data('ls', place, '-o', 'json')) as { collection: string }[];
      assert.equal(listed.length, 1);
      const shown = listed[0]?.collection ?? '';
      assert.match(await data('verify', shown), /accepted 3 · stored 3 · missing 0 · duplicate 0\n$/);
    });

    it(`of type ${datastores[name].type} can be collected into`, async () => {
      const words = ['datastore', 'check', '-f', 'collector.yml', '--name', name];
      const { exitCode, stdout, stderr } = await gleaner(words, { folder });
      assertNoSecret(stdout + stderr);
      assert.equal(exitCode, 0, stderr);
      for (const check of ['write', 'ask for the length', 'read', 'delete'])
        assert.match(stdout, new RegExp(`^${check} +ok +[\\d.]+ ms +[\\d.]+ ms`, 'm'));
      assert.match(stdout, /^clock +the same as here/m);
      assert.match(stderr, /can be collected into/);
    });
  }

  it('is refused at the start where this identity may not write, with what it lacks', async () => {
    const wrong = structuredClone(collector);
    wrong.datastores.s3.credentials.secret_access_key = 'wrong-and-never-shown';
    secrets.push('wrong-and-never-shown');
    await writeFile(join(folder, 'wrong.yml'), JSON.stringify(wrong));
    const words = ['collect', '--config', 'wrong.yml', '--data', 'other'];
    const { exitCode, stderr } = await gleaner(words, { folder });
    assert.equal(exitCode, 1);
    assert.match(stderr, new RegExp(`access key ${s3.accessKeyId}`));
    assert.match(stderr, /^ {2}fix: /m);
    assertNoSecret(stderr);
    const absent = structuredClone(collector);
    absent.datastores.blob.container_name = 'not-there';
    await writeFile(join(folder, 'absent.yml'), JSON.stringify(absent));
    const ended = await gleaner(['collect', '--config', 'absent.yml', '--data', 'other'], { folder });
    assert.equal(ended.exitCode, 1);
    assert.match(ended.stderr, /not-there/);
  });

  it('is not looked for in a datastore that nobody names', async () => {
    const { exitCode, stderr } = await gleaner(['data', 'ls', 'azureml://datastores/none/paths/x'], {
      folder,
    });
    assert.equal(exitCode, 2);
    assert.match(stderr, /There is no datastore 'none'/);
  });
});

function collection(name: string) {
  return { enabled: 'true', data: { path: `azureml://datastores/${name}/paths/iris/blue/rows_${name}` } };
}

function assertNoSecret(text: string): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), 'a secret is shown');
}
