import { readFileSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

import { readMdcConfig } from '@gleaner/protocol';

import { CollectorError } from '../core/errors.ts';
import { filePolicy, uniformPolicy } from '../core/policy.ts';
import type { Policy } from '../core/policy.ts';
import type { PolicySource } from '../core/ports.ts';

export interface ConfigFileOptions {
  now(): number;
  /** Told when a changed file cannot be read; the policy stays what it was. */
  warn(error: CollectorError): void;
}

/**
 * The policy of an `mdc-config.json` (compat 3). The collector writes the file anew when the policy changes, so it is looked at
 * again when somebody asks, at most once a second, without anybody waiting and without a timer.
 */
export class ConfigFile implements PolicySource {
  readonly #path: string;
  readonly #options: ConfigFileOptions;
  #policy = off;
  /** Which file the policy was read from; `undefined` before the first `reload`. */
  #stamp: string | undefined;
  #checkAt = 0;

  constructor(path: string, options: ConfigFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  current(): Policy {
    const now = this.#options.now();
    if (this.#stamp !== undefined && now >= this.#checkAt) {
      this.#checkAt = now + checkIntervalMs;
      void this.#refresh();
    }
    return this.#policy;
  }

  reload(): Policy {
    try {
      this.#stamp = stampOf(statSync(this.#path));
      this.#policy = filePolicy(readMdcConfig(readFileSync(this.#path, 'utf8')));
      return this.#policy;
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  async #refresh(): Promise<void> {
    let stamp = 'missing';
    try {
      // Taken before the read, so that a file that changes in between is read again.
      stamp = stampOf(await stat(this.#path));
      if (stamp !== this.#stamp) this.#policy = filePolicy(readMdcConfig(await readFile(this.#path, 'utf8')));
    } catch (cause) {
      if (stamp !== this.#stamp) this.#options.warn(this.#unreadable(cause));
    }
    this.#stamp = stamp;
  }

  #unreadable(cause: unknown): CollectorError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new CollectorError(
      'config_invalid',
      `The configuration file ${this.#path} cannot be read: ${reason}`,
      {
        cause,
        fix: 'Correct the file that AZUREML_MDC_CONFIG_PATH names, or unset the variable.',
      },
    );
  }
}

const checkIntervalMs = 1000;
const off = uniformPolicy({ enabled: false, samplingRate: 0, local: false });

function stampOf({ ino, mtimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${size}`;
}
