/** The gateway process. It is started by the root process, which hands it the table and every connection (`messages.ts`). */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

import { openGateway } from './gateway.ts';
import type { FromGateway, ToGateway } from './messages.ts';

if (process.send === undefined) {
  console.error('The gateway process is started by `gleaner up`, which hands it its connections.');
  process.exit(2);
}

/** Where certificate and key are, when connections come that want TLS. */
const [certificatePath, keyPath] = process.argv.slice(2);
const gateway = openGateway({
  ...(certificatePath !== undefined &&
    keyPath !== undefined && {
      tls: { certificate: readFileSync(certificatePath), key: readFileSync(keyPath) },
    }),
  onReleased: (instance) => tell({ kind: 'released', instance }),
  onError: (error) => console.error('gateway: a request failed by a bug:', error),
});

process.on('message', (message: ToGateway, socket?: Socket) => {
  switch (message.kind) {
    case 'table':
      return tell({ kind: 'applied', version: gateway.apply(message.table) });
    case 'connection':
      // Its client may have left meanwhile: then there is no socket.
      return socket === undefined
        ? undefined
        : gateway.handleConnection(socket, { isTls: message.isTls === true });
    case 'ping':
      return tell({ kind: 'pong' });
    case 'drain':
      return void gateway.drain().then(() => process.exit(0));
  }
});
// The root process is gone, and nobody else hands out connections.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of the terminal: the root process decides what becomes of it.
process.on('SIGINT', () => undefined);
tell({ kind: 'ready' });

function tell(message: FromGateway): void {
  // It fails when the root process is gone, which `disconnect` tells.
  process.send?.(message, () => undefined);
}
