import { pythonEnvironment } from '../python.ts';

/** What the show serves: a deployment file and the command of a model server with the path `/score`. */
export interface Example {
  title: string;
  deployment: string;
  /** As one would type it, in the repository. */
  serve(port: number): string[];
  /** Folders with the commands of `serve`. */
  path: string[];
}

/** The Python example on the real packages, or the TypeScript one where they cannot be had. */
export async function chooseExample(signal: AbortSignal): Promise<Example> {
  const python = await pythonEnvironment('iris', { signal });
  if ('unavailable' in python) {
    console.log(`The Python example cannot run here: ${python.unavailable}`);
    console.log('The same in TypeScript instead.\n');
    return typescriptExample;
  }
  return {
    title: 'examples/iris/score.py on the real azureml-inference-server-http and azureml-ai-monitoring',
    deployment: 'examples/iris/deployment.yml',
    serve: (port) => ['azmlinfsrv', '--entry_script', 'examples/iris/score.py', '--port', `${port}`],
    path: [python.bin],
  };
}

const typescriptExample: Example = {
  title: 'examples/iris-typescript/score.ts on node:http',
  deployment: 'examples/iris-typescript/deployment.yml',
  serve: (port) => ['node', 'examples/iris-typescript/server.ts', '--port', `${port}`],
  path: [],
};
