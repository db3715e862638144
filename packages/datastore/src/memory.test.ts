import { datastoreContract } from './contract.ts';
import { createMemoryDatastore } from './memory.ts';

datastoreContract('the memory store', async () => createMemoryDatastore());
datastoreContract('the memory store of whole objects', async () =>
  createMemoryDatastore({ writes: 'object' }),
);
datastoreContract('the memory store whose objects close', async () =>
  createMemoryDatastore({ appendsPerObject: 3 }),
);
