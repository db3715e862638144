/** From what a user wrote to what the runtime is told: every default of the original filled in, every path absolute. */
import type {
  CollectorPlan,
  DeploymentPlan,
  InferenceRoutes,
  Probe,
  Program,
  RequestLimits,
  Route,
} from '../api/runtime.ts';
import type { EnvironmentVersion, OnlineDeployment } from '../api/resources.ts';
import { invalid, WorkspaceError } from '../errors.ts';
import { parseDurationMs } from './duration.ts';
import { limitsOf } from './quantity.ts';

export interface PlanInput {
  id: string;
  workspace: DeploymentPlan['workspace'];
  endpoint: string;
  deployment: string;
  properties: OnlineDeployment['properties'];
  instanceCount: number;
  model?: PlannedModel;
  codeFolder?: string;
  environment?: EnvironmentVersion['properties'];
  collector: CollectorPlan;
}

export interface PlannedModel {
  name: string;
  version: string;
  path: string;
  type: string;
}

const defaultProbe: Probe = {
  initialDelayMs: 10_000,
  periodMs: 10_000,
  timeoutMs: 2000,
  successThreshold: 1,
  failureThreshold: 30,
};
const defaultTimeoutMs = 5000;
const defaultQueueWaitMs = 500;
const maxTimeoutMs = { Managed: 180_000, Kubernetes: 300_000 };

/** Errors: `request_invalid`, `program_unsupported`. */
export function planDeployment(input: PlanInput): DeploymentPlan {
  const { properties, model } = input;
  const limits = limitsOf(properties.containerResourceRequirements);
  return {
    id: input.id,
    workspace: input.workspace,
    endpoint: input.endpoint,
    deployment: input.deployment,
    instanceCount: input.instanceCount,
    program: planProgram(input),
    environmentVariables: properties.environmentVariables ?? {},
    ...(model === undefined ? {} : { model: { name: model.name, version: model.version, path: model.path } }),
    requests: planRequests(properties),
    livenessProbe: planProbe(properties.livenessProbe, 'livenessProbe'),
    readinessProbe: planProbe(properties.readinessProbe, 'readinessProbe'),
    ...(limits === undefined ? {} : { limits }),
    collector: input.collector,
  };
}

function planProgram({ properties, model, codeFolder, environment }: PlanInput): Program {
  const script = properties.codeConfiguration?.scoringScript;
  const condaFile = environment?.condaFile ?? undefined;
  const python = condaFile === undefined ? undefined : { condaFile };
  if (environment?.command && environment.command.length > 0) {
    const routes = planRoutes(environment.inferenceConfig);
    return {
      kind: 'command',
      command: environment.command,
      ...(codeFolder === undefined ? {} : { codeFolder }),
      ...(routes === undefined ? {} : { routes }),
    };
  }
  if (script !== undefined) {
    checkScript(script);
    if (codeFolder === undefined) throw invalid('codeConfiguration has a scoring script and no code.');
    if (/\.(ts|mts|js|mjs)$/i.test(script)) return { kind: 'typescript', codeFolder, script };
    if (!/\.py$/i.test(script))
      throw unsupported(
        `scoring script ${JSON.stringify(script)} is neither Python nor TypeScript`,
        'Name a file that ends in .py, .ts, .mts, .js or .mjs.',
      );
    if (python === undefined)
      throw unsupported(
        'a Python scoring script needs the packages that its environment names, and the environment has no conda_file',
        'Add conda_file to the environment; it needs azureml-inference-server-http.',
      );
    return { kind: 'python', codeFolder, script, environment: python };
  }
  if (model?.type === 'mlflow_model')
    return { kind: 'mlflow', ...(python === undefined ? {} : { environment: python }) };
  if (environment?.image || environment?.build)
    throw unsupported(
      'an image of a container cannot run on this machine without Kubernetes',
      'Add command to the environment: the program to run in the place of the image.',
    );
  throw unsupported(
    'it has neither code_configuration, nor an MLflow model, nor a command in its environment',
    'Add one of them; for an MLflow model write type: mlflow_model.',
  );
}

function checkScript(script: string): void {
  const parts = script.split('/');
  if (script.startsWith('/') || script.includes('\\') || parts.some((part) => part === '' || part === '..'))
    throw invalid(`Scoring script ${JSON.stringify(script)} is no path within the code folder.`);
}

type InferenceConfig = NonNullable<EnvironmentVersion['properties']['inferenceConfig']>;

function planRoutes(config: InferenceConfig | null | undefined): InferenceRoutes | undefined {
  if (!config) return undefined;
  const routes: { liveness?: Route; readiness?: Route; scoring?: Route } = {};
  if (config.livenessRoute) routes.liveness = config.livenessRoute;
  if (config.readinessRoute) routes.readiness = config.readinessRoute;
  if (config.scoringRoute) routes.scoring = config.scoringRoute;
  return routes;
}

function planRequests({ requestSettings, endpointComputeType }: PlanInput['properties']): RequestLimits {
  const timeout = requestSettings?.requestTimeout ?? undefined;
  const timeoutMs =
    timeout === undefined ? defaultTimeoutMs : parseDurationMs(timeout, 'requestSettings.requestTimeout');
  const limitMs = maxTimeoutMs[endpointComputeType];
  if (timeoutMs < 1 || timeoutMs > limitMs)
    throw invalid(`requestSettings.requestTimeout is ${timeoutMs} ms; it may be 1 to ${limitMs} ms.`);
  const wait = requestSettings?.maxQueueWait ?? undefined;
  return {
    timeoutMs,
    maxConcurrentPerInstance: requestSettings?.maxConcurrentRequestsPerInstance ?? 1,
    maxQueueWaitMs:
      wait === undefined ? defaultQueueWaitMs : parseDurationMs(wait, 'requestSettings.maxQueueWait'),
  };
}

function planProbe(probe: PlanInput['properties']['livenessProbe'], key: string): Probe {
  const duration = (name: 'initialDelay' | 'period' | 'timeout', otherwise: number): number => {
    const text = probe?.[name] ?? undefined;
    return text === undefined ? otherwise : parseDurationMs(text, `${key}.${name}`);
  };
  return {
    initialDelayMs: duration('initialDelay', defaultProbe.initialDelayMs),
    periodMs: duration('period', defaultProbe.periodMs),
    timeoutMs: duration('timeout', defaultProbe.timeoutMs),
    successThreshold: probe?.successThreshold ?? defaultProbe.successThreshold,
    failureThreshold: probe?.failureThreshold ?? defaultProbe.failureThreshold,
  };
}

function unsupported(what: string, fix: string): WorkspaceError {
  return new WorkspaceError('program_unsupported', `The deployment cannot be run: ${what}.`, { fix });
}
