import { GleanerError } from './errors.ts';
import { canonicalCollectionName, isPayloadCollection } from './names.ts';

/** What a collector configuration file says about one collection. */
export interface MdcCollection {
  /** In lower case. */
  name: string;
  enabled: boolean;
  /** Fraction 0…1 of the correlation ids to keep. */
  samplingRate: number;
}

/** The configuration file of the SDK, `mdc-config.json`, which `AZUREML_MDC_CONFIG_PATH` names. */
export interface MdcConfig {
  collections: readonly MdcCollection[];
  captureHeaders: readonly string[];
  /** `local`: the SDK prints its records and sends nothing. */
  runMode: 'cloud' | 'local';
}

/** The SDK accepts custom collectors only when a collection other than `request` and `response` is on. */
export function collectsCustomData(collections: readonly MdcCollection[]): boolean {
  return collections.some(({ name, enabled }) => enabled && !isPayloadCollection(name));
}

/**
 * Writes the file for the SDKs of Python and TypeScript: the enabled collections. The SDK is told to send everything,
 * because the collector decides by correlation id; only in local runs, which have no collector, the percentages count.
 * The original's SDK reads `sampleRatePercentage`, its tools write `sampling_percentage`; `samplingRate` is ours.
 */
export function writeMdcConfig(config: Partial<MdcConfig> & Pick<MdcConfig, 'collections'>): string {
  const { collections, captureHeaders = [], runMode = 'cloud' } = config;
  const enabled = collections.filter((collection) => collection.enabled);
  const file = {
    collections: Object.fromEntries(
      enabled.map(({ name, samplingRate }) => {
        const percentage = runMode === 'local' ? percentageOf(samplingRate) : 100;
        return [
          canonicalCollectionName(name),
          { enabled: true, sampleRatePercentage: percentage, sampling_percentage: percentage, samplingRate },
        ];
      }),
    ),
    ...(runMode === 'local' && { runMode }),
    ...(captureHeaders.length > 0 && { captureHeaders }),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** 29, not 28.999999999999996 (nor the 28 that the original makes of it). */
function percentageOf(rate: number): number {
  return Number((rate * 100).toPrecision(12));
}

/**
 * Reads what this writer, the platform or the original's tools wrote. Sampling is `samplingRate`, else
 * `sampleRatePercentage`, else `sampling_percentage`, else everything; numbers may be text, and beyond the range count as
 * its end. Unlike the original's SDK, for which any text is true, the text `"false"` is false.
 *
 * @throws GleanerError `mdc_config_invalid` for broken JSON and for values of the wrong kind, `collection_name_invalid`.
 */
export function readMdcConfig(text: string): MdcConfig {
  const file = objectOf(parseJson(text), 'the file');
  const collections = new Map<string, MdcCollection>();
  for (const [key, value] of Object.entries(objectOf(file['collections'] ?? {}, 'collections'))) {
    const name = canonicalCollectionName(key);
    collections.set(name, { name, ...readCollection(value, `collections.${key}`) });
  }
  return {
    collections: [...collections.values()],
    captureHeaders: readHeaders(file['captureHeaders'] ?? []),
    runMode: file['runMode'] === 'local' ? 'local' : 'cloud',
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\u{feff}/u, ''));
  } catch (cause) {
    throw invalid(`The file is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, cause);
  }
}

function readCollection(value: unknown, path: string): Pick<MdcCollection, 'enabled' | 'samplingRate'> {
  const entry = objectOf(value, path);
  return {
    enabled: booleanOf(entry['enabled'] ?? false, `${path}.enabled`),
    samplingRate: Math.min(Math.max(readSamplingRate(entry, path), 0), 1),
  };
}

/** The keys that may carry the rate, first come first read, with what they say for everything. */
const rateKeys = { samplingRate: 1, sampleRatePercentage: 100, sampling_percentage: 100 };

function readSamplingRate(entry: Record<string, unknown>, path: string): number {
  for (const [key, whole] of Object.entries(rateKeys)) {
    const value = entry[key] ?? undefined;
    if (value !== undefined) return numberOf(value, `${path}.${key}`) / whole;
  }
  return 1;
}

function readHeaders(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((header) => typeof header === 'string')) return value;
  throw unexpected('captureHeaders', value, 'a list of header names');
}

function objectOf(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw unexpected(path, value, 'an object');
}

function booleanOf(value: unknown, path: string): boolean {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (word === true || word === 'true') return true;
  if (word === false || word === 'false') return false;
  throw unexpected(path, value, 'true or false');
}

function numberOf(value: unknown, path: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && !Number.isNaN(number)) return number;
  throw unexpected(path, value, 'a number');
}

function unexpected(path: string, value: unknown, wanted: string): GleanerError {
  return invalid(`${path} is ${JSON.stringify(value)}; expected ${wanted}.`);
}

function invalid(message: string, cause?: unknown): GleanerError {
  return new GleanerError('mdc_config_invalid', message, {
    cause,
    fix: 'Write {"collections": {"model_inputs": {"enabled": true, "sampleRatePercentage": 100}}}.',
  });
}
