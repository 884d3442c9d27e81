/**
 * A sandbox with as many packages as are asked for, in a process of its own: what `packprobe sandbox` opens, in a larger world.
 *
 *     node sandbox.ts DIR SPEED PACKAGES SEED
 *
 * Prints its control address, and ends when its standard input does, so that it never outlives whoever started it.
 */
import { openSandbox } from '../../../src/sandbox/sandbox.ts';
import { soakWorld } from './world.ts';

const [dir = '', speed, packages, seed = '1'] = process.argv.slice(2);

await using sandbox = await openSandbox({
  dir,
  speed: Number(speed),
  world: soakWorld(Number(packages)),
  seed,
});
process.stdout.write(`--url ${sandbox.controlUrl}\n`);
await new Promise<void>((resolve) => {
  process.stdin.resume().once('close', resolve).once('end', resolve);
  process.once('SIGTERM', () => resolve());
});
