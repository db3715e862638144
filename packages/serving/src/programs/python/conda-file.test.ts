import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ProgramError } from '../program-error.ts';
import { readCondaFile } from './conda-file.ts';
import { requirementOf } from './conda-package.ts';

const fileOf = (...dependencies: unknown[]) =>
  JSON.stringify({ name: 'iris', channels: ['conda-forge'], dependencies });

describe('readCondaFile', () => {
  it('keeps the order of packages, and takes the interpreter and pip out', () => {
    const text =
      'dependencies:\n  - python=3.11\n  - numpy=1.26.4\n  - pip<=23.2.1\n  - pip:\n      - pandas==2.3.3\n';
    assert.deepEqual(readCondaFile(text), {
      python: '=3.11',
      requirements: ['numpy==1.26.4.*', 'pandas==2.3.3'],
      warnings: [],
    });
  });

  const packages: [string, string][] = [
    ['numpy', 'numpy'],
    ['numpy=1.26', 'numpy==1.26.*'],
    ['numpy=1.26.*', 'numpy==1.26.*'],
    ['numpy==1.26.4', 'numpy==1.26.4'],
    ['numpy 1.26.4', 'numpy==1.26.4'],
    ['numpy 1.26*', 'numpy==1.26.*'],
    ['numpy>=1.2', 'numpy>=1.2'],
    ['numpy >= 1.2, < 2', 'numpy>=1.2,<2'],
    ['numpy>=1.2,!=1.5.*', 'numpy>=1.2,!=1.5.*'],
    ['numpy~=1.2', 'numpy~=1.2'],
    ['numpy=1.26.4=py311h64a7726_0', 'numpy==1.26.4.*'],
    ['numpy==1.26.4=py311h64a7726_0', 'numpy==1.26.4'],
    ['numpy 1.26.4 py311h64a7726_0', 'numpy==1.26.4'],
    ['numpy=*', 'numpy'],
    ['conda-forge::numpy=1.26', 'numpy==1.26.*'],
    ['conda-forge/linux-64::numpy', 'numpy'],
    ['scikit-learn=1.5.0', 'scikit-learn==1.5.0.*'],
    ['pytorch=2.3', 'torch==2.3.*'],
    ['pytorch::pytorch>=2', 'torch>=2'],
    ['tzdata=2024a', 'tzdata==2024a'],
    ['pip-tools', 'pip-tools'],
  ];
  for (const [conda, pip] of packages) {
    it(`says ${conda} to pip as ${pip}`, () => {
      assert.deepEqual(readCondaFile(fileOf(conda)).requirements, [pip]);
    });
  }

  it('leaves out what is no Python package, with a warning', () => {
    const { requirements, warnings } = readCondaFile(
      fileOf('cudatoolkit=11.8', 'librosa', 'libgcc-ng', '_libgcc_mutex'),
    );
    assert.deepEqual(requirements, ['librosa']);
    assert.equal(warnings.length, 3);
    assert.match(warnings[0] ?? '', /cudatoolkit=11\.8/);
  });

  it('gives the lines of pip as they are, but for comments and blanks', () => {
    const lines = [
      '--extra-index-url https://example.org/simple',
      'a==1\n# a comment\n\nb==2',
      'c>1; python_version<"3.12"',
    ];
    assert.deepEqual(readCondaFile(fileOf('pip', { pip: lines })).requirements, [
      '--extra-index-url https://example.org/simple',
      'a==1',
      'b==2',
      'c>1; python_version<"3.12"',
    ]);
  });

  const broken: [string, string, RegExp][] = [
    ['text that is no YAML', 'dependencies: [a', /is no YAML/],
    ['no mapping', '- a', /no mapping/],
    ['an empty file', '', /no mapping/],
    ['no dependencies', 'name: x', /no list `dependencies`/],
    ['dependencies that are no list', 'dependencies: numpy', /no list `dependencies`/],
    ['a number', fileOf('a', 3), /dependencies\[1\].*3/],
    ['an unknown list', fileOf({ npm: ['x'] }), /dependencies\[0\].*npm/],
    ['pip that is no list', fileOf({ pip: 'x' }), /dependencies\[0\].*no list/],
    ['a pip entry that is no text', fileOf({ pip: ['x', 1] }), /pip\[1\]/],
    ['a package without a name', fileOf('==1'), /dependencies\[0\].*==1/],
    ['a choice of versions', fileOf('numpy=1.2|1.3'), /numpy=1\.2\|1\.3/],
    [
      'a requirement file',
      fileOf({ pip: ['-r requirements.txt'] }),
      /requirements\.txt.*not here|not here.*requirements\.txt/,
    ],
    ['a constraint file', fileOf({ pip: ['--constraint=c.txt'] }), /c\.txt/],
    ['a folder to edit', fileOf({ pip: ['-e .'] }), /-e \./],
  ];
  for (const [what, text, message] of broken) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readCondaFile(text),
        (error) =>
          error instanceof ProgramError && error.code === 'environment_failed' && message.test(error.message),
      );
    });
  }
});

describe('requirementOf', () => {
  it('gives pip a line it can read, or nothing, whatever it is given', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = randomFrom(seed);
    const parts = [
      'numpy',
      'a_b',
      ' ',
      '=',
      '==',
      '>=',
      '<',
      '!',
      '~',
      '*',
      '.',
      '1',
      '26',
      'a',
      ',',
      ':',
      '::',
      '|',
      '#',
      '-',
    ];
    for (let round = 0; round < 5_000; round += 1) {
      const entry = Array.from({ length: 1 + (random() % 7) }, () => parts[random() % parts.length]).join('');
      const requirement = requirementOf(entry)?.requirement;
      if (requirement === undefined) continue;
      const clause = String.raw`(==|>=|<=|!=|~=|<|>)[0-9][A-Za-z0-9._+!-]*(\.\*)?`;
      assert.match(
        requirement,
        new RegExp(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(${clause}(,${clause})*)?$`),
        `seed ${seed}: ${JSON.stringify(entry)}`,
      );
    }
  });
});

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state >> 8;
  };
}
