import type { Update } from './boxes.ts';
import { COMMON, parseClick } from './click.ts';
import { withClient } from './connect.ts';
import { runCommand } from './subprocess.ts';
import type { BodhiRun } from './version.ts';

const value = (name: string) => ({ names: [name], takes: 'value' }) as const;

/** `bodhi updates download`: looks for the updates and leaves the rest to `koji download-build`. */
export async function downloadUpdates(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options } = await parseClick(run, argv, {
    path: 'updates download',
    arguments: [],
    options: {
      updateid: value('--updateid'),
      builds: value('--builds'),
      arch: value('--arch'),
      debuginfo: { names: ['--debuginfo'] },
      gpg: { names: ['--gpg'] },
      no_gpg: { names: ['--no-gpg'], off: true },
      ...COMMON,
    },
  });
  const wanted = (['updateid', 'builds'] as const).filter((key) => options[key] !== undefined);
  if (wanted.length === 0) {
    run.warn('ERROR: must specify at least one of --updateid or --builds');
    return 1;
  }
  return withClient(run, options, async (client) => {
    for (const key of wanted) {
      const asked = options[key] ?? '';
      const { updates } = (await client.get('updates/', [[key, asked]])) as {
        readonly updates: readonly Update[];
      };
      const found = updates.reduce((sum, { builds }) => sum + (key === 'builds' ? builds.length : 1), 0);
      if (updates.length === 0) run.warn(`WARNING: No ${key} found!`);
      else if (found < asked.split(',').length) run.warn(`WARNING: Some ${key} not found!`);
      for (const update of updates) {
        run.print(`Downloading packages from ${update.alias}`);
        for (const { nvr } of update.builds) await download(run, nvr, options);
      }
    }
    return 0;
  });
}

async function download(
  run: BodhiRun,
  nvr: string,
  { arch, debuginfo }: { readonly arch: string | undefined; readonly debuginfo: boolean | undefined },
): Promise<void> {
  const arches = arch === undefined ? ['noarch', 'x86_64'] : arch === 'all' ? [] : ['noarch', arch];
  const exit = await runCommand(run, [
    'koji',
    'download-build',
    ...(debuginfo === true ? ['--debuginfo'] : []),
    ...arches.map((name) => `--arch=${name}`),
    nvr,
  ]);
  if (exit !== 0) run.warn(`WARNING: download of ${nvr} failed!`);
}
