import { prepareCommand } from './command-program.ts';
import { prepareMlflow } from './mlflow-program.ts';
import type { PreparedProgram, PrepareOptions, ProgramPlan } from './prepared-program.ts';
import { preparePython } from './python-program.ts';
import { prepareTypescript } from './typescript-program.ts';

/**
 * Makes the program of a plan ready to be started. The first call for a conda file takes as long as its packages take to
 * install; a later one takes milliseconds.
 *
 * @throws ProgramError `environment_failed` when the packages cannot be had, with the end of the tool's output as `log`;
 *   `program_failed` when a file that the plan names is missing.
 */
export async function prepareProgram(plan: ProgramPlan, options: PrepareOptions): Promise<PreparedProgram> {
  options.signal?.throwIfAborted();
  const { program } = plan;
  switch (program.kind) {
    case 'python':
      return preparePython({ ...plan, program }, options);
    case 'mlflow':
      return prepareMlflow({ ...plan, program }, options);
    case 'typescript':
      return prepareTypescript({ ...plan, program }, options);
    case 'command':
      return prepareCommand({ ...plan, program }, options);
  }
}
