/**
 * A sandbox with as many packages as are asked for, in a process of its own: what `packprobe sandbox` opens, in a larger world.
 *
 *     node sandbox.ts DIR SPEED PACKAGES SEED
 *
 * Out of `SOAK_DIST`, the folder of the built program, or else out of the sources. Prints its control address, and ends when its standard input
 * does, so that it never outlives whoever started it.
 */
import { takeCompiled } from './compiled.ts';

const { SOAK_DIST } = process.env;
const taking = SOAK_DIST === undefined ? undefined : takeCompiled(SOAK_DIST);
const [{ openSandbox }, { soakWorld }] = await Promise.all([
  import('../../../src/sandbox/sandbox.ts'),
  import('./world.ts'),
]);
taking?.[Symbol.dispose]();

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
