import { delimiter, join } from 'node:path';

import type { PreparedProgram, PrepareOptions, ProgramPlan } from '../prepared-program.ts';
import { programEnvironment } from '../program-environment.ts';
import { scoringServer } from '../scoring-server.ts';
import type { PythonRequirements } from './conda-file.ts';
import type { VirtualEnvironment } from './virtual-environment.ts';

export interface InferenceServer extends Pick<ProgramPlan, 'model' | 'environmentVariables'> {
  virtual: VirtualEnvironment;
  /** Absolute. */
  entryScript: string;
  /** Where the script's own modules are, and what relative paths start from. */
  appRoot: string;
  /** Stand whatever the plan says. */
  variables?: Readonly<Record<string, string>>;
}

/** Adds the inference server, unless the list has it already. */
export function withInferenceServer(wanted: PythonRequirements): PythonRequirements {
  const isThere = ['azureml-inference-server-http', 'azureml-defaults'].some((name) =>
    requires(wanted, name),
  );
  return isThere
    ? wanted
    : { ...wanted, requirements: [...wanted.requirements, 'azureml-inference-server-http'] };
}

/** Whether a package is in the list, in any of the spellings PyPI takes for the same. */
export function requires({ requirements }: PythonRequirements, name: string): boolean {
  return requirements.some((line) => {
    const [listed = ''] = /^[A-Za-z0-9_.-]+/.exec(line) ?? [];
    return listed.toLowerCase().replaceAll(/[_.-]+/g, '-') === name;
  });
}

/** The inference server of the original, on loopback. */
export function inferenceServer(server: InferenceServer, options: PrepareOptions): PreparedProgram {
  const { virtual, entryScript, appRoot } = server;
  const { inherited = process.env } = options;
  const defaults = {
    PATH: [virtual.bin, inherited['PATH']].filter((part) => part !== undefined).join(delimiter),
    VIRTUAL_ENV: virtual.folder,
    PYTHONUNBUFFERED: '1',
  };
  const fixed = { AML_APP_ROOT: appRoot, AZUREML_ENTRY_SCRIPT: entryScript, ...server.variables };
  const environment = programEnvironment(server, options, { defaults, fixed });
  return scoringServer({
    command: [virtual.python, launcher, '--entry_script', entryScript],
    cwd: appRoot,
    environment,
  });
}

const launcher = join(import.meta.dirname, '../../../python/inference_server.py');
