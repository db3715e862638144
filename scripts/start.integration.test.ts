import assert from 'node:assert/strict';
import { chmod, glob, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startShow } from './start-process.ts';
import type { Show } from './start-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-start-'));
after(() => rm(folder, { recursive: true }));

/** The quick one: the TypeScript example. */
const withoutPython = { GLEANER_PYTHON: join(folder, 'no-python') };

interface Moment {
  name: string;
  isReached: (show: Show) => boolean | Promise<boolean>;
  signal: NodeJS.Signals;
  receiver: 'group' | 'npm';
}

const says = (text: string) => (show: Show) => show.output().includes(text);

/** Some records are stored, and most likely not all 300. */
async function isUnderLoad(show: Show): Promise<boolean> {
  const [, data] = /gleaner up --data (\S+)/.exec(show.output()) ?? [];
  if (data === undefined) return false;
  const files = await Array.fromAsync(
    glob('workspaceblobstore/modelDataCollector/**/*.jsonl', { cwd: data }),
  );
  return files.length > 0;
}

const moments: Moment[] = [
  { name: 'at once', isReached: says('start.mjs'), signal: 'SIGINT', receiver: 'group' },
  { name: 'while it starts', isReached: says('$ npx gleaner up'), signal: 'SIGINT', receiver: 'group' },
  {
    name: 'while it deploys',
    isReached: says('online-deployment create'),
    signal: 'SIGINT',
    receiver: 'group',
  },
  { name: 'under load', isReached: isUnderLoad, signal: 'SIGINT', receiver: 'group' },
  { name: 'under load', isReached: isUnderLoad, signal: 'SIGTERM', receiver: 'npm' },
  { name: 'under load', isReached: isUnderLoad, signal: 'SIGHUP', receiver: 'group' },
  { name: 'after the load', isReached: says('150 answers'), signal: 'SIGTERM', receiver: 'group' },
  {
    name: 'while the result is shown',
    isReached: says('$ npx gleaner data ls'),
    signal: 'SIGINT',
    receiver: 'group',
  },
];

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

describe('npm start', { concurrency: 2 }, () => {
  it('leaves no process behind and loses nothing, whenever it is interrupted', async () => {
    const data = join(folder, 'interrupted');
    for (const { name, isReached, signal, receiver } of moments) {
      const show = startShow(data, { environment: withoutPython });
      await show.until(() => isReached(show));
      show.signal(signal, receiver);
      const code = await show.ended;
      const what = `${signal} to ${receiver} ${name}: ${show.output()}`;
      assert.notEqual(code, 0, what);
      // npm may end before those it has told to.
      for (let i = 0; i < 200 && (await show.survivors()).length > 0; i++) await sleep(50);
      assert.deepEqual(await show.survivors(), [], what);
      assert.doesNotMatch(show.output(), /^\s+at /m);
    }
    const show = startShow(data, { environment: withoutPython });
    assert.equal(await show.ended, 0, show.output());
    const [, accepted, stored] =
      /^accepted (\d+) · stored (\d+) · missing 0 · duplicate 0$/.exec(lastLine(show.output()) ?? '') ?? [];
    assert.equal(accepted, stored, show.output());
    assert.ok(Number(accepted) > 600, `${accepted} records, those of interrupted runs included`);
  });

  it('stays up until it is stopped', async () => {
    const show = startShow(join(folder, 'up'), { environment: withoutPython, endsItself: false });
    await show.until(() => /stays up at (\S+);/.test(show.output()));
    const [, url = ''] = /stays up at (\S+);/.exec(show.output()) ?? [];
    assert.equal((await fetch(`${url}/endpoints/iris/score`)).status, 401);
    show.signal('SIGINT', 'group');
    assert.equal(await show.ended, 130, show.output());
    assert.deepEqual(await show.survivors(), []);
  });

  it('shows what was collected from the Python example, or says why not', async () => {
    const show = startShow(join(folder, 'python'));
    assert.equal(await show.ended, 0, show.output());
    const output = show.output();
    assert.match(output, /examples\/iris\/endpoint\.yml|The Python example cannot run here: /);
    const order = ['gleaner up', 'online-endpoint create', 'online-deployment create', '150 answers'];
    const looks = ['data ls', '.jsonl', 'data join', 'row_id', '_0 ', 'ml data list', 'LATEST_VERSION'];
    const places = [...order, ...looks, 'data verify'].map((text) => output.indexOf(text));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      output,
    );
    assert.ok(!places.includes(-1), output);
    assert.equal(lastLine(output), 'accepted 300 · stored 300 · missing 0 · duplicate 0');
    assert.deepEqual(await show.survivors(), []);
  });

  it('runs the TypeScript example where there is no Python', async () => {
    const show = startShow(join(folder, 'no-python-data'), { environment: withoutPython });
    assert.equal(await show.ended, 0, show.output());
    assert.match(
      show.output(),
      /^The Python example cannot run here: no Python 3\.9 or newer \(tried .*\): install/m,
    );
    assert.match(show.output(), /examples\/iris-typescript\/deployment\.yml/);
    assert.equal(lastLine(show.output()), 'accepted 300 · stored 300 · missing 0 · duplicate 0');
  });

  it('runs the TypeScript example where the Python packages cannot be had', async () => {
    const python = join(folder, 'python-without-pip');
    const facts = '/python-without-pip\\n3\\n11\\n3.11.0\\n';
    await writeFile(
      python,
      `#!/bin/sh\n[ "$1" = -c ] && printf '${facts}' && exit\necho 'No module named pip' >&2\nexit 1\n`,
    );
    await chmod(python, 0o755);
    const show = startShow(join(folder, 'no-packages'), { environment: { GLEANER_PYTHON: python } });
    assert.equal(await show.ended, 0, show.output());
    assert.match(show.output(), /environment_failed[^]*^The Python example cannot run here: see above/m);
    assert.equal(lastLine(show.output()), 'accepted 300 · stored 300 · missing 0 · duplicate 0');
  });
});
