import { CollectorError } from '../errors.ts';

export function invalid(message: string, options: { fix: string; cause?: unknown }): CollectorError {
  return new CollectorError('configuration_invalid', message, options);
}
