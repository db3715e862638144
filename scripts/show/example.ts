import { findPython } from '../python.ts';

/** A folder with endpoint.yml and deployment.yml. */
export interface Example {
  folder: string;
  /** What serves instead where this one cannot be had. */
  instead?: Example;
}

/** The Python example on the real packages, or the TypeScript one where there is no Python. */
export function chooseExample(): Example {
  const typescript = { folder: 'examples/iris-typescript' };
  const python = findPython();
  if (!('unavailable' in python)) return { folder: 'examples/iris', instead: typescript };
  console.log(`The Python example cannot run here: ${python.unavailable}.`);
  console.log('The same in TypeScript instead.\n');
  return typescript;
}
