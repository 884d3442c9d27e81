import { formatSize } from '../core/size.ts';
import { EXIT, type Host } from './host.ts';
import { absolute, dataDir, dirOf, join, type PlaceOptions } from './places.ts';
import { UsageError } from './usage-error.ts';

/** `packprobe backup FILE`: the path to standard output, what is in it to standard error. */
export async function backupCommand(name: string, options: PlaceOptions, host: Host): Promise<number> {
  const source = join(dataDir(options, host), 'packprobe.db');
  if (!(await host.exists(source))) {
    throw new UsageError(
      `there is nothing to back up: ${source} does not exist`,
      'Say where the data is with --data.',
    );
  }
  const file = absolute(host.cwd, name);
  await refuseWrongPlaces(file, host);
  await using store = await host.openStore(source);
  const { runs, unfinished, bytes } = await store.backup(file);
  host.stdout.write(`${file}\n`);
  host.stderr.write(`${counted(runs)} of ${source}, ${formatSize(bytes)}\n`);
  if (unfinished > 0) {
    host.stderr.write(
      `${counted(unfinished)} not finished in it: after a restore close ${unfinished === 1 ? 'it' : 'them'} with \`${host.program} tidy\`, never resume\n`,
    );
  }
  return EXIT.passed;
}

/** What a person mistypes is told before anything is opened. */
async function refuseWrongPlaces(file: string, host: Host): Promise<void> {
  const isFolder = (path: string) =>
    host.listFiles(path).then(
      () => true,
      () => false,
    );
  if (file.endsWith('/') || (await isFolder(file))) {
    throw new UsageError(`${file} is a folder`, 'Name a file in it.');
  }
  if (await host.exists(file)) {
    throw new UsageError(
      `${file} exists already`,
      'A backup overwrites nothing: choose another name, such as one with the date.',
    );
  }
  if (await host.exists(`${file}.partial`)) {
    throw new UsageError(
      `${file}.partial exists already`,
      'Another backup is being written there, or one was stopped half-way: then remove it.',
    );
  }
  if (!(await host.exists(dirOf(file)))) {
    throw new UsageError(`the folder ${dirOf(file)} does not exist`, 'Make it, or choose another one.');
  }
}

function counted(runs: number): string {
  return `${runs} ${runs === 1 ? 'run' : 'runs'}`;
}
