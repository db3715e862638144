import { dirname, join } from 'node:path';

import type { Program } from '@gleaner/workspace/api';

import { mlflowModelFolder, mlflowRequirements } from './mlflow-model.ts';
import type { PreparedProgram, PrepareOptions, ProgramPlan } from './prepared-program.ts';
import { ProgramError } from './program-error.ts';
import { readCondaFile } from './python/conda-file.ts';
import { inferenceServer, requires, withInferenceServer } from './python/inference-server.ts';
import { virtualEnvironment } from './python/virtual-environment.ts';

type MlflowPlan = ProgramPlan & { program: Extract<Program, { kind: 'mlflow' }> };

/** A model folder without code, served by a scoring script of ours in the inference server of the original. */
export async function prepareMlflow(plan: MlflowPlan, options: PrepareOptions): Promise<PreparedProgram> {
  if (plan.model === undefined) {
    throw new ProgramError(
      'program_failed',
      'a deployment without code needs an MLflow model, and has no model',
    );
  }
  const folder = await mlflowModelFolder(plan.model.path);
  const { environment } = plan.program;
  const own =
    environment === undefined ? await mlflowRequirements(folder) : readCondaFile(environment.condaFile);
  const wanted = withInferenceServer(withCollecting(own));
  const virtual = await virtualEnvironment(wanted, options);
  const variables = { MLFLOW_MODEL_FOLDER: folder };
  return inferenceServer(
    { ...plan, virtual, entryScript: scoringScript, appRoot: dirname(scoringScript), variables },
    options,
  );
}

/** Our script works without these two as well, but then collects nothing, or cannot read a frame. */
function withCollecting(wanted: ReturnType<typeof readCondaFile>): typeof wanted {
  const missing = ['azureml-ai-monitoring', 'pandas'].filter((name) => !requires(wanted, name));
  return { ...wanted, requirements: [...wanted.requirements, ...missing] };
}

const scoringScript = join(import.meta.dirname, '../../python/mlflow_score.py');
