/** The root process as one of its own, which a test can kill. Says its port on standard output. */
import { openSupervisor } from '../supervisor.ts';
import { optionsIn } from './served.ts';

const [folder = ''] = process.argv.slice(2);
const supervisor = await openSupervisor(optionsIn(folder));
await supervisor.ready;
console.log(`port ${supervisor.address.port}`);
process.once('SIGTERM', () => void supervisor.stop());
