import { resolve } from 'node:path';

import type { Program } from '@gleaner/workspace/api';

import type { PreparedProgram, PrepareOptions, ProgramPlan } from './prepared-program.ts';
import { requireFile, requireFolder } from './program-files.ts';
import { readCondaFile } from './python/conda-file.ts';
import { inferenceServer, withInferenceServer } from './python/inference-server.ts';
import { virtualEnvironment } from './python/virtual-environment.ts';

type PythonPlan = ProgramPlan & { program: Extract<Program, { kind: 'python' }> };

/** `score.py` in the inference server of the original. */
export async function preparePython(plan: PythonPlan, options: PrepareOptions): Promise<PreparedProgram> {
  const { codeFolder, script, environment } = plan.program;
  await requireFolder(codeFolder, 'the code folder');
  const entryScript = resolve(codeFolder, script);
  await requireFile(entryScript, 'the scoring script');
  const wanted = withInferenceServer(readCondaFile(environment.condaFile));
  const virtual = await virtualEnvironment(wanted, options);
  return inferenceServer({ ...plan, virtual, entryScript, appRoot: codeFolder }, options);
}
