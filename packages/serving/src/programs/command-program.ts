import { dirname } from 'node:path';

import type { Program, Route } from '@gleaner/workspace/api';

import { requireFreePort } from './free-port.ts';
import type { PreparedProgram, PrepareOptions, ProgramPlan } from './prepared-program.ts';
import { programEnvironment } from './program-environment.ts';
import { ProgramError } from './program-error.ts';
import { requireFolder } from './program-files.ts';

type CommandPlan = ProgramPlan & { program: Extract<Program, { kind: 'command' }> };

/** Any HTTP server: it is told its port by `PORT`, or the environment says which one it always takes. */
export async function prepareCommand(plan: CommandPlan, options: PrepareOptions): Promise<PreparedProgram> {
  const { codeFolder, routes = {} } = plan.program;
  const [file, ...args] = plan.program.command;
  if (file === undefined || file === '') {
    throw new ProgramError('program_failed', 'the deployment has an empty command: name what is to be run');
  }
  if (codeFolder !== undefined) await requireFolder(codeFolder, 'the code folder');
  const cwd = codeFolder ?? (plan.model === undefined ? process.cwd() : dirname(plan.model.path));
  const fixedPort = routes.scoring?.port;

  return {
    fixedPort,
    async commandOn(given) {
      const port = fixedPort ?? given;
      if (fixedPort !== undefined) await requireFreePort(fixedPort);
      // Without a fixed port the ports of the other routes cannot be true either.
      const probed = (route: Route | undefined) =>
        route && (fixedPort === undefined ? { path: route.path, port } : route);
      return {
        command: [file, ...args],
        cwd,
        environment: programEnvironment(plan, options, { fixed: { PORT: String(port) } }),
        port,
        routes: { liveness: probed(routes.liveness), readiness: probed(routes.readiness) },
      };
    },
  };
}
