import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { GleanerError } from '@gleaner/protocol';
import { parse } from 'yaml';
import { condaText } from './conda.ts';
import { openArtifact } from './upload.ts';
import { createIgnore, filesOf } from './walk.ts';

const folders: string[] = [];
after(async () => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

describe('condaText', () => {
  it('puts the lines of requirement files in, of those that they name too', async () => {
    const folder = await folderOf({
      'env/conda.yml': 'name: q\ndependencies:\n- python=3.11\n- pip:\n  - -r req.txt\n  - requests\n',
      'env/req.txt': 'numpy==1 # why\n\n# nothing\n--requirement more/more.txt\n',
      'env/more/more.txt': 'pandas\n',
    });
    const text = await condaText('env/conda.yml', folder);
    assert.deepEqual(parse(text), {
      name: 'q',
      dependencies: ['python=3.11', { pip: ['numpy==1', 'pandas', 'requests'] }],
    });
  });

  it('leaves a file without them as it is, and names one that is not there', async () => {
    const text = '# mine\nname: q\ndependencies: [python]\n';
    const folder = await folderOf({ 'conda.yml': text, 'bad.yml': 'dependencies: [pip: [-r no.txt]]\n' });
    assert.equal(await condaText('conda.yml', folder), text);
    await assert.rejects(condaText('nope.yml', folder), isUsage(/conda file .*nope\.yml cannot be read/));
    await assert.rejects(condaText('bad.yml', folder), isUsage(/requirements file .*no\.txt cannot be read/));
  });
});

describe('filesOf', () => {
  it('leaves out what .amlignore names, caches, and links to folders', async () => {
    const folder = await folderOf({
      '.amlignore': '*.log\n/data/\n!keep.log\n',
      'score.py': '',
      'a.log': '',
      'keep.log': '',
      'data/x': '',
      'sub/data/x': '',
      '__pycache__/x.pyc': '',
      '.git/HEAD': '',
    });
    await symlink(folder, join(folder, 'loop'));
    const found = await filesOf(folder, 'code folder');
    assert.deepEqual(
      found.map(({ path }) => path),
      ['keep.log', 'score.py', 'sub/data/x'],
    );
    await assert.rejects(
      filesOf(join(folder, 'nope'), 'code folder'),
      isUsage(/code folder .*nope does not exist/),
    );
  });
});

describe('createIgnore', () => {
  it('reads patterns as git does', () => {
    const isIgnored = createIgnore('build/\n**/tmp\ndocs/*.md\nfile?.txt');
    assert.deepEqual(
      ['build', 'a/build', 'a/tmp', 'docs/a.md', 'docs/b/a.md', 'x/docs/a.md', 'file1.txt'].map((path) =>
        isIgnored(path, true),
      ),
      [true, true, true, true, false, false, true],
    );
    assert.equal(isIgnored('build', false), false);
  });
});

describe('openArtifact', () => {
  it('knows a folder by its names and contents', async () => {
    const hash = await hashOf({ a: '1', b: '2' });
    assert.equal(await hashOf({ b: '2', a: '1' }), hash);
    assert.notEqual(await hashOf({ a: '1', b: '3' }), hash);
    assert.notEqual(await hashOf({ a: '1', c: '2' }), hash);
  });
});

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-ml-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function hashOf(files: Record<string, string>): Promise<string> {
  return (await openArtifact(await folderOf(files), 'code')).hash;
}

function isUsage(words: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof GleanerError && error.code === 'usage_invalid' && words.test(error.message);
}
