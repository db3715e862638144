import { pythonEnvironment } from '../python.ts';

/** A folder with endpoint.yml and deployment.yml. */
export interface Example {
  folder: string;
}

/** The Python example on the real packages, or the TypeScript one where they cannot be had. */
export async function chooseExample(signal: AbortSignal): Promise<Example> {
  const python = await pythonEnvironment('iris', { signal });
  if (!('unavailable' in python)) return { folder: 'examples/iris' };
  console.log(`The Python example cannot run here: ${python.unavailable}.`);
  console.log('The same in TypeScript instead.\n');
  return { folder: 'examples/iris-typescript' };
}
