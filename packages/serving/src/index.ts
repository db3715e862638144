export { RuntimeError } from './processes/failure.ts';
export { connectRuntime } from './processes/channel.ts';
export type { RuntimeChannel, ToRoot } from './processes/channel.ts';
export { openSupervisor } from './processes/supervisor.ts';
export type { ListenAddress, Supervisor, SupervisorOptions } from './processes/supervisor.ts';
export { prepareProgram } from './programs/prepare.ts';
