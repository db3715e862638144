/**
 * The port between what should exist and what makes it real. Processes on this machine implement it, and Kubernetes can.
 * A workspace says what it wants by plans; the runtime owns every process of them.
 */
export interface Runtime {
  /**
   * Makes the deployment what the plan says. Resolves when every instance of it is ready and takes traffic, and those of the
   * plan before are out of it; they end by themselves once their requests are answered and their records are stored.
   *
   * The plan that runs already changes nothing. One that differs in the policy of collections alone is applied to the running
   * collectors where the SDK needs not know of it. Anything else is a rolling update: new ready before old ends.
   *
   * @throws RuntimeFailure when it cannot become ready: nothing of this plan is left running, and the plan before goes on.
   */
  apply(plan: DeploymentPlan): Promise<void>;
  /** Takes the deployment out of traffic, ends its instances, and stores what their collectors hold. Unknown: does nothing. */
  remove(deployment: DeploymentName): Promise<void>;
  /** Who may call which endpoint, and where its requests go. Replaces the table before. */
  route(endpoints: readonly EndpointRoute[]): Promise<void>;
  /** The last lines of one container of every instance; an instance's name stands before them where there are several. */
  logs(deployment: DeploymentName, options: { container: ContainerName; lines: number }): Promise<string>;
  /** What runs. */
  status(): Promise<readonly DeploymentStatus[]>;
}

export interface DeploymentName {
  endpoint: string;
  deployment: string;
}

/** As the original names them: `get-logs -c`. */
export type ContainerName = 'inference-server' | 'storage-initializer' | 'model-data-collector';

/** Everything that decides how a deployment runs, with all defaults filled in and every path absolute. Plain JSON. */
export interface DeploymentPlan extends DeploymentName {
  /** Resource id of the deployment: the source of its events. */
  id: string;
  /** The workspace in that id. */
  workspace: { subscriptionId: string; resourceGroup: string; name: string };
  instanceCount: number;
  program: Program;
  environmentVariables: Readonly<Record<string, string>>;
  /** File or folder of the model: `AZUREML_MODEL_DIR` is the folder that holds it. */
  model?: { name: string; version: string; path: string };
  requests: RequestLimits;
  livenessProbe: Probe;
  readinessProbe: Probe;
  /** Of each instance; enforced where the system allows. */
  limits?: { cpus?: number; memoryBytes?: number };
  collector: CollectorPlan;
  /**
   * It ran before this start of the runtime, and is never given up: what it needs may only be late. Where nothing of the deployment
   * is ready, its instances are `unready` and tried again with back-off until they are, or until another plan or `remove` comes;
   * `apply` resolves then. Its requests wait meanwhile. Beside instances that are ready it is a plan as any other. It is no
   * difference between two plans.
   */
  isRestored?: boolean;
}

/** What an instance executes. */
export type Program =
  /** `score.py` in the inference server of the original, in a virtual environment made from a conda file. */
  | { kind: 'python'; codeFolder: string; script: string; environment: PythonEnvironment }
  /** An MLflow model folder (the plan's model) without code; its own environment unless one is given. */
  | { kind: 'mlflow'; environment?: PythonEnvironment }
  /** `score.ts` or `score.js` with `init()` and `run()`. */
  | { kind: 'typescript'; codeFolder: string; script: string }
  /** Any HTTP server. It is to listen where `PORT` says, or on the port of its scoring route when the environment names one. */
  | { kind: 'command'; codeFolder?: string; command: readonly string[]; routes?: InferenceRoutes };

export interface PythonEnvironment {
  /** Text of a conda file, with the requirement files that it names put in. */
  condaFile: string;
}

export interface InferenceRoutes {
  liveness?: Route;
  readiness?: Route;
  scoring?: Route;
}

export interface Route {
  path: string;
  port: number;
}

export interface RequestLimits {
  timeoutMs: number;
  maxConcurrentPerInstance: number;
  maxQueueWaitMs: number;
}

export interface Probe {
  initialDelayMs: number;
  periodMs: number;
  timeoutMs: number;
  successThreshold: number;
  failureThreshold: number;
}

/** The `data_collector` block of the deployment, every collection with the place it is written to. */
export interface CollectorPlan {
  collections: Readonly<Record<string, CollectionPlan>>;
  rollingRate: 'minute' | 'hour' | 'day' | 'month' | 'year';
  captureHeaders: readonly string[];
  /** The datastores that collections name, as a collector's configuration takes them; secrets in clear. */
  datastores: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface CollectionPlan {
  enabled: boolean;
  /** Fraction 0…1 of the correlation ids. */
  samplingRate: number;
  /** `azureml://datastores/<datastore>/paths/<path>` */
  path: string;
  clientId?: string;
}

/** One endpoint as the gateway needs it. Plain JSON. */
export interface EndpointRoute {
  endpoint: string;
  auth: EndpointAuth;
  /** Percent by deployment; sums to 0 or 100. */
  traffic: Readonly<Record<string, number>>;
  /** Percent of requests that a deployment gets besides, its answers dropped; at most 50. */
  mirrorTraffic: Readonly<Record<string, number>>;
}

export type EndpointAuth =
  /** SHA-256, in hex, of each key that is good. */
  | { kind: 'key'; keyHashes: readonly string[] }
  /** Tokens signed with HS256 by this secret (base64), whose `aud` is the endpoint's name. */
  | { kind: 'token'; secret: string };

export interface DeploymentStatus extends DeploymentName {
  instances: readonly InstanceStatus[];
}

export interface InstanceStatus {
  /** Stays the same over restarts of its processes. */
  name: string;
  state: 'starting' | 'ready' | 'unready' | 'draining' | 'stopped';
  restarts: number;
  /** Of the collector's admin port on loopback. */
  collectorAdminPort?: number;
  processes: Readonly<Partial<Record<ContainerName, number>>>;
}

/** Why a deployment did not become ready, told to the user as it is. Crosses processes as plain JSON. */
export interface RuntimeFailure {
  /** A code of `spec/errors.md`: `environment_failed`, `program_failed`, `probe_failed`, `port_in_use`. */
  code: string;
  message: string;
  /** The last lines of the log that shows it. */
  log?: string;
}
