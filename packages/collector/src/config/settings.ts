/**
 * Every setting of a collector, once: type, default, unit, description, secret or not. Flags, environment, file, `--help` and
 * the reference page come from this table. A flag wins over the environment, that over the file, that over the default.
 */
import { keepValue } from './keep.ts';
import { proxyValue } from './proxy.ts';
import {
  bytesValue,
  choiceValue,
  durationValue,
  integerValue,
  namesValue,
  numberValue,
  textValue,
} from './values.ts';
import type { ValueType } from './values.ts';

export interface Setting<T> {
  type: ValueType<T>;
  /** As it would be written; `undefined`: there is none. */
  default: string | undefined;
  description: string;
  /** `--flag` of `gleaner run` and `gleaner collect`, where there is one. */
  flag?: string;
  secret?: true;
}

const setting = <T>(definition: Setting<T>): Setting<T> => definition;

export const settings = {
  'workspace.subscription_id': setting({
    type: textValue,
    default: '00000000-0000-0000-0000-000000000000',
    description: 'Subscription in the resource id of the deployment, which is the source of its events.',
    flag: 'subscription',
  }),
  'workspace.resource_group': setting({
    type: textValue,
    default: 'local',
    description: 'Resource group in the resource id of the deployment.',
    flag: 'resource-group',
  }),
  'workspace.name': setting({
    type: textValue,
    default: 'local',
    description: 'Workspace in the resource id of the deployment.',
    flag: 'workspace-name',
  }),
  'intake.host': setting({
    type: textValue,
    default: '127.0.0.1',
    description: 'Address the intake listens on. Anything but loopback needs intake.token.',
    flag: 'intake-host',
  }),
  'intake.port': setting({
    type: integerValue(0, 65_535),
    default: '50011',
    description: 'Port of the intake; 0 takes any.',
    flag: 'intake-port',
  }),
  'intake.token': setting({
    type: textValue,
    default: undefined,
    description: 'Senders must present it as "Authorization: Bearer <token>".',
    secret: true,
  }),
  'intake.max_body': setting({
    type: bytesValue(1024, 2 ** 40),
    default: '256MiB',
    description: 'Larger bodies are answered 413.',
  }),
  'intake.max_buffered': setting({
    type: bytesValue(2 ** 20, 2 ** 40),
    default: '32MiB',
    description: 'Memory for bodies of all connections together; beyond it senders wait.',
  }),
  'intake.stall_timeout': setting({
    type: durationValue(100, 3_600_000),
    default: '15s',
    description: 'A request that stands still for this long is answered 408.',
  }),
  'intake.idle_timeout': setting({
    type: durationValue(1000, 86_400_000),
    default: '75s',
    description: 'A connection without a request is closed after this time.',
  }),
  proxy: setting({
    type: proxyValue,
    default: undefined,
    description:
      'Payload logging: clients talk to the first port, the model server has the second; what passes becomes request and response.',
    flag: 'proxy',
  }),
  keep: setting({
    type: keepValue,
    default: undefined,
    description:
      'Payload logging: pairs that are kept whatever the sampling: errors, slower_than_ms: 500, or a list of them.',
    flag: 'keep',
  }),
  on_full: setting({
    type: choiceValue(['drop', 'block']),
    default: 'drop',
    description:
      'Payload logging, when memory or spool are full: drop the record and count it, or block the clients until there is room.',
    flag: 'on-full',
  }),
  large_bodies: setting({
    type: choiceValue(['spool', 'truncate']),
    default: 'spool',
    description:
      'Payload logging: what does not fit into memory goes to a file of the spool, or is cut there and marked truncated.',
  }),
  undelivered: setting({
    type: choiceValue(['keep', 'leave_out']),
    default: 'keep',
    description:
      'Payload logging: requests that could not be delivered to the model server: keep them as failed, or leave them out, where somebody in front sends them again.',
  }),
  allow_sensitive_headers: setting({
    type: namesValue,
    default: undefined,
    description:
      'Of capture_headers: names of secrets (authorization, cookie, x-api-key and the like) that are captured all the same.',
  }),
  'recorder.minutes': setting({
    type: numberValue(0.1, 1440),
    default: undefined,
    description:
      'Flight recorder: what the sampling leaves out is remembered for so long, and stored when the model server dies, or on demand.',
  }),
  'recorder.max_bytes': setting({
    type: bytesValue(2 ** 20, 2 ** 40),
    default: '64MiB',
    description: 'Memory of the flight recorder; beyond it the oldest is forgotten.',
  }),
  'admin.host': setting({
    type: textValue,
    default: '127.0.0.1',
    description: 'Address of health, status, metrics and policy. Anything but loopback needs admin.token.',
    flag: 'admin-host',
  }),
  'admin.port': setting({
    type: integerValue(0, 65_535),
    default: '50012',
    description: 'Port of health, status, metrics and policy; 0 takes any.',
    flag: 'admin-port',
  }),
  'admin.token': setting({
    type: textValue,
    default: undefined,
    description: 'Callers of the admin port must present it as "Authorization: Bearer <token>".',
    secret: true,
  }),
  'spool.path': setting({
    type: textValue,
    default: undefined,
    description: 'Folder of the spool. Default: .spool in the folder of the data.',
    flag: 'spool',
  }),
  'spool.ack': setting({
    type: choiceValue(['written', 'durable']),
    default: 'written',
    description: 'When a record is acknowledged: in the hands of the kernel, or safe from a power cut.',
    flag: 'ack',
  }),
  'spool.max_size': setting({
    type: bytesValue(2 ** 20, 2 ** 50),
    default: '1GiB',
    description: 'Limit of the spool; beyond it records are refused with 503 until the store caught up.',
    flag: 'spool-max-size',
  }),
  'ship.flush_interval': setting({
    type: durationValue(10, 3_600_000),
    default: undefined,
    description:
      'How long lines wait for others before they are stored. Default: 1s where the store appends, 5m where it keeps whole objects.',
    flag: 'flush-interval',
  }),
  'ship.object_size': setting({
    type: bytesValue(2 ** 20, 2 ** 30),
    default: '64MiB',
    description:
      'Where the store keeps whole objects, lines of a window that are as long do not wait any more.',
  }),
  'ship.batch_size': setting({
    type: bytesValue(64 * 1024, 64 * 2 ** 20),
    default: '4MiB',
    description: 'A round of appends carries about this much; a fuller spool does not wait for the interval.',
  }),
  'ship.seal_grace': setting({
    type: durationValue(0, 7 * 86_400_000),
    default: '60s',
    description: 'How long after its end a window waits for late records before its manifest is written.',
  }),
  'ship.merge_window': setting({
    type: durationValue(0, 60_000),
    default: '0s',
    description: 'Calls of one correlation id within such a slot share a line; 0: one line per call.',
  }),
  'ship.call_timeout': setting({
    type: durationValue(100, 3_600_000),
    default: '30s',
    description: 'A call to the store is given up and tried again after this time.',
  }),
  'ship.refused': setting({
    type: choiceValue(['stop', 'wait']),
    default: 'stop',
    description:
      'At a start that the store refuses, as a permission or the container is missing: stop with the reason, or start, say it in health, and keep records in the spool until the store takes them.',
  }),
  drain_timeout: setting({
    type: durationValue(0, 86_400_000),
    default: '30s',
    description: 'How long the end of the collector waits for the store; the rest stays in the spool.',
    flag: 'drain-timeout',
  }),
  log_level: setting({
    type: choiceValue(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    description: 'Least level of the log lines on standard error.',
    flag: 'log-level',
  }),
  write_mdc_config: setting({
    type: textValue,
    default: undefined,
    description: "Where to write the SDK's configuration file; it follows live changes of the policy.",
    flag: 'write-mdc-config',
  }),
} as const;

export type SettingName = keyof typeof settings;

/** A setting with a default always has a value. */
export type SettingValues = {
  [N in SettingName]: (typeof settings)[N] extends Setting<infer T> ? T | DefaultOf<N> : never;
};
type DefaultOf<N extends SettingName> = N extends OptionalSetting ? undefined : never;
type OptionalSetting =
  | 'intake.token'
  | 'admin.token'
  | 'spool.path'
  | 'ship.flush_interval'
  | 'proxy'
  | 'keep'
  | 'allow_sensitive_headers'
  | 'recorder.minutes'
  | 'write_mdc_config';

/** `intake.max_body` → `GLEANER_INTAKE_MAX_BODY` */
export function environmentName(name: SettingName): string {
  return `GLEANER_${name.toUpperCase().replaceAll('.', '_')}`;
}
