import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ByteRange, Datastore } from './datastore.ts';
import { DatastoreError } from './errors.ts';
import type { DatastoreErrorCode } from './errors.ts';

/**
 * What every store must do, as a suite of `node:test`. `open` gives a store without objects each time; the suite disposes of
 * it. Where the store keeps whole objects only, the cases on growing ask for a refusal that is not retryable.
 */
export function datastoreContract(name: string, open: () => Promise<Datastore>): void {
  const inStore: InStore = (title, check) => {
    it(title, async () => {
      await using store = await open();
      await check(store);
    });
  };
  describe(`${name} as a datastore`, () => {
    growing(inStore);
    replacing(inStore);
    reading(inStore);
    listing(inStore);
    refusing(inStore);
  });
}

type InStore = (title: string, check: (store: Datastore) => Promise<void>) => void;

/** Asserts that `work` fails with a {@link DatastoreError} of this code, and gives the error. */
export async function failsWith(code: DatastoreErrorCode, work: Promise<unknown>): Promise<DatastoreError> {
  const error: unknown = await work.then(
    () => assert.fail(`expected ${code}, and nothing failed`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DatastoreError)) throw error;
  assert.equal(error.code, code, error.message);
  return error;
}

/** The bytes of an object, or of a part of it, as text. */
export async function textOf(store: Datastore, path: string, range?: ByteRange): Promise<string> {
  return Buffer.concat(await Array.fromAsync(store.read(path, range))).toString();
}

const file = 'model_inputs/2025/01/31/23/instance.jsonl';
const bytesOf = (text: string) => Buffer.from(text);

function growing(inStore: InStore): void {
  const whereItGrows: InStore = (title, check) =>
    inStore(title, async (store) => {
      if (store.writes === 'append') return check(store);
      const refused = await failsWith('store_failed', store.append(file, { offset: 0, bytes: bytesOf('x') }));
      assert.equal(refused.retryable, false);
      assert.equal(await store.length(file), undefined);
    });

  whereItGrows('grows an object piece by piece', async (store) => {
    await store.append(file, { offset: 0, bytes: bytesOf('one\n') });
    assert.equal(await store.length(file), 4);
    await store.append(file, { offset: 4, bytes: bytesOf('two\n') });
    await store.append(file, { offset: 8, bytes: bytesOf('') });
    assert.equal(await store.length(file), 8);
    assert.equal(await textOf(store, file), 'one\ntwo\n');
  });

  whereItGrows('makes an object of an empty piece at 0', async (store) => {
    await store.append(file, { offset: 0, bytes: bytesOf('') });
    assert.equal(await store.length(file), 0);
  });

  whereItGrows(
    'refuses a piece that would leave a gap or overwrite, and names both lengths',
    async (store) => {
      await failsWith('store_conflict', store.append(file, { offset: 3, bytes: bytesOf('x') }));
      assert.equal(await store.length(file), undefined);
      await store.append(file, { offset: 0, bytes: bytesOf('1234567') });
      for (const offset of [0, 6, 8]) {
        const { message } = await failsWith(
          'store_conflict',
          store.append(file, { offset, bytes: bytesOf('x') }),
        );
        assert.match(message, new RegExp(`\\b7\\b.*\\b${offset}\\b`));
      }
      assert.equal(await textOf(store, file), '1234567');
    },
  );

  whereItGrows('seals an object, which then grows no more or goes on as before', async (store) => {
    await store.append(file, { offset: 0, bytes: bytesOf('one\n') });
    await store.seal(file);
    await store.seal(file);
    const more = store.append(file, { offset: 4, bytes: bytesOf('two\n') });
    const grew = await more.then(
      () => true,
      async () => void (await failsWith('store_object_closed', more)),
    );
    assert.equal(await textOf(store, file), grew ? 'one\ntwo\n' : 'one\n');
    await store.seal('never/was');
  });

  whereItGrows('lets one of several pieces at the same offset in', async (store) => {
    await store.append(file, { offset: 0, bytes: bytesOf('0') });
    const pieces = ['a', 'b', 'c'].map((text) => store.append(file, { offset: 1, bytes: bytesOf(text) }));
    const outcomes = await Promise.allSettled(pieces);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.match(await textOf(store, file), /^0[abc]$/);
  });
}

function replacing(inStore: InStore): void {
  inStore('puts an object, and another in its place', async (store) => {
    await store.put(file, bytesOf('first and long'));
    await store.put(file, bytesOf('second'));
    assert.equal(await store.length(file), 6);
    assert.equal(await textOf(store, file), 'second');
    await store.put(file, bytesOf(''));
    assert.equal(await store.length(file), 0);
  });

  inStore('puts a body that is read as it is written', async (store) => {
    await store.put(file, streamed(['a', '', 'bc', 'd'], 4));
    assert.equal(await textOf(store, file), 'abcd');
  });

  inStore('keeps the old object until the new one is whole', async (store) => {
    await store.put(file, bytesOf('old'));
    const rest = Promise.withResolvers<string>();
    const replaced = store.put(file, streamed(['n', rest.promise], 3));
    assert.equal(await textOf(store, file), 'old');
    assert.deepEqual(await Array.fromAsync(store.list('')), [{ path: file, byteLength: 3 }]);
    rest.resolve('ew');
    await replaced;
    assert.equal(await textOf(store, file), 'new');
  });

  inStore(
    'keeps the old object when the new one is shorter or longer than it said, or cannot be read',
    async (store) => {
      await store.put(file, bytesOf('old'));
      const broken = Promise.reject(new Error('the spool is gone'));
      for (const body of [streamed(['12'], 3), streamed(['12', '34'], 3), streamed(['1', broken], 3)]) {
        await failsWith('store_failed', store.put(file, body));
      }
      assert.equal(await textOf(store, file), 'old');
      assert.equal((await Array.fromAsync(store.list(''))).length, 1);
    },
  );

  inStore('deletes an object, and does nothing when there is none', async (store) => {
    await store.put(file, bytesOf('x'));
    await store.delete(file);
    await store.delete(file);
    await store.delete('never/was');
    assert.equal(await store.length(file), undefined);
    assert.deepEqual(await Array.fromAsync(store.list('')), []);
  });
}

function reading(inStore: InStore): void {
  inStore('reads the whole, a part, and nothing beyond the end', async (store) => {
    await store.put(file, bytesOf('0123456789'));
    assert.equal(await textOf(store, file), '0123456789');
    assert.equal(await textOf(store, file, { start: 3 }), '3456789');
    assert.equal(await textOf(store, file, { end: 3 }), '012');
    assert.equal(await textOf(store, file, { start: 3, end: 5 }), '34');
    assert.equal(await textOf(store, file, { start: 8, end: 100 }), '89');
    assert.equal(await textOf(store, file, { start: 5, end: 5 }), '');
    assert.equal(await textOf(store, file, { start: 10 }), '');
  });

  inStore('reads what is larger than any chunk, and any part of it', async (store) => {
    const large = Buffer.from(Uint32Array.from({ length: 300_000 }, (_, index) => index).buffer);
    await store.put(file, { byteLength: large.byteLength, open: () => slices(large, 70_001) });
    const whole = Buffer.concat(await Array.fromAsync(store.read(file)));
    assert.ok(large.equals(whole));
    const part = Buffer.concat(await Array.fromAsync(store.read(file, { start: 262_143, end: 1_048_577 })));
    assert.ok(large.subarray(262_143, 1_048_577).equals(part));
  });

  inStore('stops reading and listing when the reader does', async (store) => {
    await store.put('a', Buffer.alloc(2 ** 20));
    await store.put('b', bytesOf('b'));
    for await (const chunk of store.read('a')) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
    for await (const { path } of store.list('')) {
      assert.equal(path, 'a');
      break;
    }
    await store.delete('a');
  });

  inStore('knows no object that was never written, and takes no folder for one', async (store) => {
    await store.put(file, bytesOf('x'));
    for (const path of ['none', 'none/at/all', 'model_inputs/2025', `${file}/below`, file.slice(0, -1)]) {
      assert.equal(await store.length(path), undefined, path);
      await failsWith('store_not_found', Array.fromAsync(store.read(path)));
      await store.delete(path);
    }
    assert.equal(await textOf(store, file), 'x');
  });
}

function listing(inStore: InStore): void {
  inStore('lists by prefix, in code-unit order, with lengths', async (store) => {
    const paths = ['a-b', 'a.b', 'a/b', 'a/b-c', 'a/c/d', 'a/ca', 'ab', 'b/a/z', 'ä/é', '東京/x'];
    for (const path of paths.toReversed()) await store.put(path, bytesOf(path));
    const listed = async (prefix: string) =>
      (await Array.fromAsync(store.list(prefix))).map(({ path }) => path);
    assert.deepEqual(await listed(''), paths);
    assert.deepEqual(await listed('a'), paths.slice(0, 7));
    assert.deepEqual(await listed('a/'), ['a/b', 'a/b-c', 'a/c/d', 'a/ca']);
    assert.deepEqual(await listed('a/b'), ['a/b', 'a/b-c']);
    assert.deepEqual(await listed('a/c'), ['a/c/d', 'a/ca']);
    assert.deepEqual(await listed('a/c/d'), ['a/c/d']);
    assert.deepEqual(await listed('a/c/d/'), []);
    assert.deepEqual(await listed('none/'), []);
    for await (const { path, byteLength } of store.list(''))
      assert.equal(byteLength, Buffer.byteLength(path));
  });

  inStore('gives names back as they were', async (store) => {
    const names = [
      'per%20cent',
      'question?#mark',
      'plus + space',
      'quote\'"&<>',
      'year=2025',
      'tilde~',
      'x'.repeat(200),
    ];
    for (const name of names) await store.put(`names/${name}.jsonl`, bytesOf(name));
    const listed = await Array.fromAsync(store.list('names/'));
    assert.deepEqual(
      listed.map(({ path }) => path),
      names.map((name) => `names/${name}.jsonl`).sort(),
    );
    for (const name of names) assert.equal(await textOf(store, `names/${name}.jsonl`), name);
  });
}

function refusing(inStore: InStore): void {
  inStore('refuses paths that are not paths of a store', async (store) => {
    for (const path of [
      '',
      '/etc/passwd',
      '../x',
      'a/../../x',
      'a//b',
      'a/./b',
      '.hidden/x',
      'a\\b',
      'a\0',
      'a/',
    ]) {
      const calls = [
        store.length(path),
        store.append(path, { offset: 0, bytes: bytesOf('x') }),
        store.put(path, bytesOf('x')),
        Array.fromAsync(store.read(path)),
        store.seal(path),
        store.delete(path),
      ];
      for (const call of calls) await failsWith('store_path_invalid', call);
      assert.throws(() => store.url(path), { name: 'DatastoreError', code: 'store_path_invalid' });
    }
    for (const prefix of ['..', '../', '/', 'a//']) {
      await failsWith('store_path_invalid', Array.fromAsync(store.list(prefix)));
    }
    assert.deepEqual(await Array.fromAsync(store.list('')), []);
  });

  inStore('does nothing for a caller who has given up already', async (store) => {
    const reason = new Error('enough');
    const options = { signal: AbortSignal.abort(reason) };
    await store.put(file, bytesOf('old'));
    const calls = [
      store.length(file, options),
      store.put(file, bytesOf('new'), options),
      Array.fromAsync(store.read(file, {}, options)),
      Array.fromAsync(store.list('', options)),
      store.delete(file, options),
    ];
    if (store.writes === 'append')
      calls.push(store.append(file, { offset: 3, bytes: bytesOf('er') }, options));
    for (const error of await Promise.all(calls.map((call) => failsWith('store_timeout', call)))) {
      assert.equal(error.cause, reason);
    }
    assert.equal(await textOf(store, file), 'old');
  });

  inStore('lets a caller give up while it works', async (store) => {
    await store.put(file, bytesOf('old'));
    const giving = new AbortController();
    const never = Promise.withResolvers<string>();
    const replaced = store.put(file, streamed(['n', never.promise], 3), giving);
    const reads = store.read(file, {}, giving)[Symbol.asyncIterator]();
    assert.equal((await reads.next()).done, false);
    giving.abort(new Error('enough'));
    await failsWith('store_timeout', replaced);
    await failsWith('store_timeout', reads.next());
    never.resolve('');
    assert.equal(await textOf(store, file), 'old');
    assert.equal(await store.length(file), 3);
  });

  inStore('says where an object can be found', async (store) => {
    const url = store.url(file);
    assert.ok(url.endsWith(`/${file}`), url);
    assert.match(url, /^(\/|[A-Za-z]:|[a-z0-9]+:\/\/)/);
  });
}

/** A body whose pieces come when they are ready. */
function streamed(pieces: (string | Promise<string>)[], byteLength: number) {
  for (const piece of pieces) if (typeof piece !== 'string') piece.catch(() => undefined);
  return {
    byteLength,
    async *open() {
      for (const piece of pieces) yield bytesOf(await piece);
    },
  };
}

async function* slices(bytes: Uint8Array, byteLength: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += byteLength)
    yield bytes.subarray(start, start + byteLength);
}
