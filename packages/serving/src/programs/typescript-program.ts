import { join, resolve } from 'node:path';

import type { Program } from '@gleaner/workspace/api';

import type { PreparedProgram, PrepareOptions, ProgramPlan } from './prepared-program.ts';
import { programEnvironment } from './program-environment.ts';
import { requireFile, requireFolder } from './program-files.ts';
import { scoringServer } from './scoring-server.ts';

type TypescriptPlan = ProgramPlan & { program: Extract<Program, { kind: 'typescript' }> };

/** `score.ts` or `score.js` in our score host. */
export async function prepareTypescript(
  plan: TypescriptPlan,
  options: PrepareOptions,
): Promise<PreparedProgram> {
  const { codeFolder, script } = plan.program;
  await requireFolder(codeFolder, 'the code folder');
  const entryScript = resolve(codeFolder, script);
  await requireFile(entryScript, 'the scoring script');
  const fixed = { AML_APP_ROOT: codeFolder, AZUREML_ENTRY_SCRIPT: entryScript };
  const environment = programEnvironment(plan, options, { fixed });
  return scoringServer({
    command: [process.execPath, scoreHost, '--script', entryScript],
    cwd: codeFolder,
    environment,
  });
}

const scoreHost = join(import.meta.dirname, 'score-host/main.ts');
