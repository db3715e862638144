/**
 * What the root process and the gateway process say to each other over the IPC channel of Node. Plain JSON; `connection` carries
 * a socket besides. The gateway keeps nothing: a new one gets the whole table.
 */
import type { EndpointRoute, RequestLimits } from '@gleaner/workspace/api';

export type ToGateway =
  | { kind: 'table'; table: GatewayTable }
  /** Comes with the accepted socket, paused and not yet read: `child.send({ kind: 'connection' }, socket)`. */
  | { kind: 'connection'; isTls?: boolean }
  /** Answer what is under way, take nothing new, and exit. Further sockets are closed unread. */
  | { kind: 'drain' }
  /** Say `pong`. */
  | { kind: 'ping' };

export type FromGateway =
  /** May be handed sockets from now on. They wait for the first table. */
  | { kind: 'ready' }
  /** The table of this version decides from now on. Tables older than the one in use are answered and ignored. */
  | { kind: 'applied'; version: number }
  /**
   * The instance is not in the table any more, and none of its requests is in flight. Sent once for each instance that was in
   * a table before, just before or any time after the `applied` of the table that left it out. A gateway that was started again never knew the ones
   * that are draining: nothing of theirs is in flight then, and nothing is sent.
   */
  | { kind: 'released'; instance: string }
  | { kind: 'pong' };

/** Who may call what, and where it goes. Each table replaces the one before. */
export interface GatewayTable {
  /** Greater than that of every table before. */
  version: number;
  /** Absent until the workspace has said which there are: requests for endpoints wait for that. */
  endpoints?: readonly EndpointRoute[] | undefined;
  deployments: readonly GatewayDeployment[];
  /** Of the workspace process on 127.0.0.1; absent while it is away. */
  workspacePort?: number | undefined;
}

export interface GatewayDeployment {
  endpoint: string;
  deployment: string;
  requests: RequestLimits;
  /** How many the plan says; with the limits they decide how many requests may wait while instances are away. */
  instanceCount: number;
  /** Those that are ready. */
  instances: readonly GatewayInstance[];
}

export interface GatewayInstance {
  /** Unique among all deployments, over all generations. */
  name: string;
  /** Of the tap of its collector, on 127.0.0.1. */
  port: number;
}
