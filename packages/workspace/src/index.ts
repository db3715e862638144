export type { NewOwner } from './access/owner.ts';
export { WorkspaceError, workspaceErrorCodes } from './errors.ts';
export type { WorkspaceErrorCode } from './errors.ts';
export type { WorkspaceNames } from './resources/ids.ts';
export { createMemoryRuntime } from './runtime-memory.ts';
export type { MemoryRuntime, MemoryRuntimeOptions } from './runtime-memory.ts';
export { openWorkspace } from './workspace.ts';
export type { Workspace, WorkspaceOptions } from './workspace.ts';
