import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { prepareProgram } from './prepare.ts';
import { environmentsFolder } from './test-program.ts';

const run = promisify(execFile);

/** Reads each case as the scoring script does: [columns, tensors, flavors, data] to [collected, what the model gets]. */
const reader = `
import json, sys
import numpy as np
import gleaner_frames
from mlflow.types.schema import ColSpec, Schema, TensorSpec

class Metadata:
    def __init__(self, columns, tensors, flavors):
        specs = [ColSpec(*one) for one in columns] + [TensorSpec(np.dtype(kind), tuple(shape), name) for kind, shape, name in tensors]
        self.schema, self.flavors = Schema(specs) if specs else None, flavors

    def get_input_schema(self):
        return self.schema

def told(value):
    if isinstance(value, dict):
        return {name: told(one) for name, one in value.items()}
    kind = type(value).__name__
    return f"{kind} {value.dtype} {json.dumps(value.tolist())}" if kind == "ndarray" else kind

answers = []
for columns, tensors, flavors, data in json.load(sys.stdin):
    table, candidates = gleaner_frames.reader_of(Metadata(columns, tensors, flavors), "").read(data)
    collected = gleaner_frames.collectable(table()).to_json(orient="records")
    answers.append([collected, told(candidates[0]())])
print(json.dumps(answers))
`;

interface Case {
  what: string;
  columns?: [string, string][];
  tensors?: [string, number[], string | null][];
  flavors?: string[];
  data: unknown;
  collected: string;
  given: unknown;
}

const columns: [string, string][] = [
  ['double', 'x'],
  ['long', 'n'],
  ['string', 's'],
];
const row = '[{"x":1.0,"n":2,"s":"a"}]';
const named: [string, number[], string][] = [
  ['float32', [-1, 2], 'a'],
  ['float32', [-1], 'b'],
];
const arrays = { a: 'ndarray float32 [[1.0, 2.0]]', b: 'ndarray float32 [5.0]' };

const cases: Case[] = [
  ...[
    { columns: ['x', 'n', 's'], data: [[1, 2, 'a']] },
    { columns: ['x', 'n', 's'], index: [7], data: [[1, 2, 'a']] },
    [[1, 2, 'a']],
    [1, 2, 'a'],
    [{ x: 1, n: 2, s: 'a' }],
    { x: [1], n: [2], s: ['a'] },
    { x: 1, n: 2, s: 'a' },
  ].map((data) => ({
    what: `a table signature, ${JSON.stringify(data)}`,
    columns,
    data,
    collected: row,
    given: 'DataFrame',
  })),
  ...[{ a: [[1, 2]], b: [5] }, [{ a: [1, 2], b: 5 }], { columns: ['a', 'b'], data: [[[1, 2], 5]] }].map(
    (data) => ({
      what: `named tensors, ${JSON.stringify(data)}`,
      tensors: named,
      data,
      collected: '[{"a":[1.0,2.0],"b":5.0}]',
      given: arrays,
    }),
  ),
  {
    what: 'a tensor of three dimensions: one row per item',
    tensors: [['float32', [-1, 2, 2], null]],
    data: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
    collected: '[{"0":[[1.0,2.0],[3.0,4.0]]}]',
    given: 'ndarray float32 [[[1.0, 2.0], [3.0, 4.0]]]',
  },
  {
    what: 'no signature: columns reach the model as arrays first',
    data: { a: [1], b: [2] },
    collected: '[{"a":1,"b":2}]',
    given: { a: 'ndarray int64 [1]', b: 'ndarray int64 [2]' },
  },
  {
    what: 'texts for a model of language',
    flavors: ['transformers'],
    data: ['hi'],
    collected: '[{"0":"hi"}]',
    given: 'list',
  },
  {
    what: 'two columns of one name: both are collected',
    data: { columns: ['a', 'a'], data: [[1, 2]] },
    collected: '[{"a":1,"a.1":2}]',
    given: 'DataFrame',
  },
  {
    what: 'half a character: collected with another in its place',
    flavors: ['openai'],
    data: ['\ud800x'],
    collected: '[{"0":"?x"}]',
    given: 'list',
  },
];

describe('gleaner_frames', () => {
  let answers: unknown[];
  before(async () => {
    const path = join(import.meta.dirname, '../../../../spec/fixtures/mlflow-iris/model');
    const model = { name: 'iris', version: '1', path };
    const prepared = await prepareProgram(
      { program: { kind: 'mlflow' }, model, environmentVariables: {} },
      { environmentsFolder, log: () => {} },
    );
    const { command, environment } = await prepared.commandOn(5001);
    const asked = run(command[0], ['-c', reader], {
      env: { ...environment, PYTHONPATH: join(import.meta.dirname, '../../python') },
    });
    asked.child.stdin?.end(
      JSON.stringify(cases.map((one) => [one.columns ?? [], one.tensors ?? [], one.flavors ?? [], one.data])),
    );
    answers = JSON.parse((await asked).stdout) as unknown[];
  });

  cases.forEach(({ what, collected, given }, index) => {
    it(`reads ${what}`, () => assert.deepEqual(answers[index], [collected, given]));
  });
});
