import type { DeploymentPlan, Route } from '@gleaner/workspace/api';

/** What of a plan decides how its program is run. */
export type ProgramPlan = Pick<DeploymentPlan, 'program' | 'model' | 'environmentVariables'>;

export interface PrepareOptions {
  /** Keeps virtual environments from one deployment to the next; made when missing. */
  environmentsFolder: string;
  /** Told each line of what preparing says and does. */
  log: (line: string) => void;
  /** Ends what runs; the call rejects with its reason. */
  signal?: AbortSignal;
  /**
   * What programs inherit, but for Gleaner's own settings and those of a data collector. Also says where tools are found
   * (`PATH`, `GLEANER_PYTHON`). Default: the environment of this process.
   */
  inherited?: NodeJS.ProcessEnv;
}

/** Everything slow is done; any number of instances may be started. */
export interface PreparedProgram {
  /** The one port the program can listen on, so that one instance is all there can be. Undefined: it takes any. */
  readonly fixedPort: number | undefined;
  /**
   * The command of an instance that listens on `port` of loopback, or on the fixed port.
   *
   * @throws ProgramError `port_in_use` when something else listens there.
   */
  commandOn(port: number): Promise<ProgramCommand>;
}

/** One process to start. It ends on SIGTERM. */
export interface ProgramCommand {
  command: readonly [string, ...string[]];
  cwd: string;
  /** All of it: nothing else is inherited. The settings of the data collector have to be added. */
  environment: Record<string, string>;
  /** Where it listens. */
  port: number;
  /** What probes ask; undefined: that the port takes connections is all there is to know. */
  routes: { liveness: Route | undefined; readiness: Route | undefined };
}
