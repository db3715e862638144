/** A workspace process for tests: passes on to the runtime what a file says, and answers its status over HTTP. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import type { DeploymentName, DeploymentPlan, EndpointRoute, Runtime } from '@gleaner/workspace/api';

import { connectRuntime } from '../channel.ts';

const runtime = connectRuntime(process);
process.on('disconnect', () => process.exit(0));

const server = createServer((request, response) => {
  void text(request)
    .then((body) => perform(request.url ?? '', body === '' ? undefined : JSON.parse(body)))
    .then(
      (value) => response.end(JSON.stringify(value ?? null)),
      (error: unknown) => {
        const { code, message, log } = error as Record<string, unknown>;
        response.writeHead(400).end(JSON.stringify({ code, message, log }));
      },
    );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address !== 'string') {
    process.send?.({ kind: 'listening', port: address.port });
  }
});

function perform(path: string, body: unknown): Promise<unknown> {
  switch (path) {
    case '/apply':
      return runtime.apply(body as DeploymentPlan);
    case '/remove':
      return runtime.remove(body as DeploymentName);
    case '/route':
      return runtime.route(body as readonly EndpointRoute[]);
    case '/logs': {
      const { deployment, options } = body as {
        deployment: DeploymentName;
        options: Parameters<Runtime['logs']>[1];
      };
      return runtime.logs(deployment, options);
    }
    default:
      return runtime.status();
  }
}
