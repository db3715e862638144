import { pathToFileURL } from 'node:url';

/** A user's scoring script. */
export interface ScoreScript {
  /** Called once, before the first request. Its error ends the process. */
  init(): Promise<void>;
  /** Gives what is answered, as JSON. Its error is answered with 500. */
  run(data: unknown, request: ScoreRequest): Promise<unknown>;
}

/** What a script may want to know of a request besides its data. */
export interface ScoreRequest {
  /** The platform's id of the request: good as the id of a correlation context. */
  requestId: string;
  /** The caller's own id; empty when it gave none. */
  clientRequestId: string;
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>;
}

/**
 * Imports a script; Node strips its types.
 *
 * @throws Error when it cannot be imported, or has no function `run`
 */
export async function loadScript(path: string): Promise<ScoreScript> {
  return scriptOf(await import(pathToFileURL(path).href), path);
}

function scriptOf(module: unknown, path: string): ScoreScript {
  // A CommonJS script has its functions on the default export alone.
  const from = [module, memberOf(module, 'default')];
  const [init] = from.map((one) => memberOf(one, 'init')).filter((one) => one !== undefined);
  const [run] = from.map((one) => memberOf(one, 'run')).filter((one) => one !== undefined);
  if (typeof run !== 'function') throw new TypeError(`${path} exports no function run(data)`);
  if (init !== undefined && typeof init !== 'function') throw new TypeError(`init of ${path} is no function`);
  return {
    init: async () => void (await init?.()),
    run: async (data, request): Promise<unknown> => run(data, request),
  };
}

function memberOf(module: unknown, name: string): unknown {
  return typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
}
