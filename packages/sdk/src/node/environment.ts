import { CollectorError } from '../core/errors.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the collector listens. */
export interface Endpoint {
  host: string;
  port: number;
}

/** `AZUREML_MDC_HOST` and `AZUREML_MDC_PORT`; 127.0.0.1:50011 without them. Throws `setting_invalid`. */
export function readEndpoint(environment: Environment): Endpoint {
  const port = readNumber(environment, {
    name: 'AZUREML_MDC_PORT',
    fallback: 50_011,
    least: 1,
    most: 65_535,
  });
  if (!Number.isInteger(port)) throw unexpected('AZUREML_MDC_PORT', String(port), 'a whole number');
  return { host: environment['AZUREML_MDC_HOST']?.trim() || '127.0.0.1', port };
}

/** `AZUREML_MDC_CONFIG_PATH`; where it is set, the variables of {@link readUniformPolicy} do not count. */
export function readConfigPath(environment: Environment): string | undefined {
  return environment['AZUREML_MDC_CONFIG_PATH'] || undefined;
}

/** `AZUREML_MDC_DEBUG` */
export function readDebug(environment: Environment): boolean {
  return isTrue(environment['AZUREML_MDC_DEBUG']);
}

/**
 * The environment mode of the original (compat 3.4): `AZUREML_MDC_ENABLED`, `AZUREML_MDC_SAMPLE_RATE` in percent,
 * `AZUREML_MDC_LOCAL_CAPTURE`. Throws `setting_invalid`.
 */
export function readUniformPolicy(environment: Environment): {
  enabled: boolean;
  samplingRate: number;
  local: boolean;
} {
  const percentage = { name: 'AZUREML_MDC_SAMPLE_RATE', fallback: 100, least: 0, most: 100 };
  return {
    enabled: isTrue(environment['AZUREML_MDC_ENABLED']),
    samplingRate: readNumber(environment, percentage) / 100,
    local: isTrue(environment['AZUREML_MDC_LOCAL_CAPTURE']),
  };
}

/** Only the word `true` is, in any case (compat 1.9). */
function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === 'true';
}

interface NumberSetting {
  name: string;
  fallback: number;
  least: number;
  most: number;
}

function readNumber(environment: Environment, { name, fallback, least, most }: NumberSetting): number {
  const text = environment[name]?.trim() ?? '';
  if (text === '') return fallback;
  const number = Number(text);
  if (number >= least && number <= most) return number;
  throw unexpected(name, text, `a number from ${least} to ${most}`);
}

function unexpected(name: string, text: string, wanted: string): CollectorError {
  return new CollectorError('setting_invalid', `${name} is ${JSON.stringify(text)}; expected ${wanted}.`, {
    fix: `Correct ${name}, or remove it from the environment.`,
  });
}
