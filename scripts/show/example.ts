import { join, relative } from 'node:path';
import { pythonEnvironment } from '../python.ts';
import { repository } from '../repository.ts';

/** What the show serves: a deployment file and the command of a model server with the path `/score`. */
export interface Example {
  title: string;
  deployment: string;
  /** As one would type it, in the repository. */
  serve(port: number): string[];
}

/** The Python example on the real packages, or the TypeScript one where they cannot be had. */
export async function chooseExample(signal: AbortSignal): Promise<Example> {
  const python = await pythonEnvironment('iris', { signal });
  if ('unavailable' in python) {
    console.log(`The Python example cannot run here: ${python.unavailable}.`);
    console.log('The same in TypeScript instead.\n');
    return typescriptExample;
  }
  const server = join(relative(repository, python.bin), 'azmlinfsrv');
  return {
    title: 'examples/iris/score.py on azureml-inference-server-http, with azureml-ai-monitoring',
    deployment: 'examples/iris/deployment.yml',
    serve: (port) => [server, '--entry_script', 'examples/iris/score.py', '--port', `${port}`],
  };
}

const typescriptExample: Example = {
  title: 'examples/iris-typescript/score.ts on node:http, with @gleaner/sdk',
  deployment: 'examples/iris-typescript/deployment.yml',
  serve: (port) => ['node', 'examples/iris-typescript/server.ts', '--port', `${port}`],
};
