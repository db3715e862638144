import type { PreparedProgram } from './prepared-program.ts';

export interface ScoringServer {
  /** All but the port: `--port <port>` comes last. */
  command: readonly [string, ...string[]];
  cwd: string;
  environment: Record<string, string>;
}

/** A server that takes any port as its last word, and answers `GET /` as long as it is well. */
export function scoringServer({ command, cwd, environment }: ScoringServer): PreparedProgram {
  return {
    fixedPort: undefined,
    async commandOn(port) {
      const probe = { path: '/', port };
      return {
        command: [...command, '--port', String(port)],
        cwd,
        environment,
        port,
        routes: { liveness: probe, readiness: probe },
      };
    },
  };
}
