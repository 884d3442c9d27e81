/** The composition root: hands the real ports to the commands, owns the process. What a command does not need is not loaded. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { THRIFT, THRIFTY_MALLOC } from './platform/thrift.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

// It becomes itself anew, under the same process id; whoever has set one of these is obeyed.
if (
  process.argv[2] === 'serve' &&
  Object.keys(THRIFTY_MALLOC).every((name) => process.env[name] === undefined)
) {
  const args = [process.execPath, ...THRIFT, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(process.execPath, args, { ...process.env, ...THRIFTY_MALLOC });
}

if (process.argv[2] === '--version' || process.argv[2] === '-V') {
  process.stdout.write(`${version}\n`);
} else {
  // Node's own code for a crash is 1, which here means that a system broke the workflow.
  process.on('uncaughtException', (error) => {
    process.stderr.write(
      `${error.stack ?? error.message}\nThis is a defect of packprobe: please report it.\n`,
    );
    process.exit(3);
  });
  // A run mostly waits, and the more memory it holds the dearer it is to start a command; a sandbox works.
  if (process.argv[2] !== 'sandbox') setFlagsFromString('--optimize-for-size');
  const [{ main }, { openHost }] = await Promise.all([import('./cli/program.ts'), import('./main/host.ts')]);
  process.exitCode = await main(process.argv.slice(2), openHost({ version, env: process.env }));
}
