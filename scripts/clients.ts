/** `npm run clients`: installs the packager's real commands into `.clients` of this checkout, for sandboxes to use. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';

const KOJI = 'koji==1.36.1';
const RPKG = 'rpkg==1.70';
/** What `import rpm` of rpkg needs beside Debian's own module. */
const RPM_SHIM = 'rpm==0.5.0';
const BODHI = { newest: 'bodhi-client==26.4.0', needs: 12, older: 'bodhi-client==8.2.0' } as const;
/** Minor versions of Python 3, oldest and newest that are looked for. */
const MINORS = { from: 11, to: 14 } as const;
const PACKAGES = 'python3-venv python3-dev gcc libc6-dev libkrb5-dev rpm python3-rpm git';

const USAGE = `Usage: npm run clients [-- --force] [-- --python FILE]

Installs the real koji, fedpkg (over pyrpkg) and bodhi into .clients of this checkout, about 150 MB.
They are used by \`packprobe run --env sandbox\` and \`packprobe sandbox\` (see --clients there).

  --force          install anew what is there
  --python FILE    install anew with this interpreter; otherwise the newest of PATH and of pyenv that fits

Needs, on Debian: ${PACKAGES}
`;

const root = fileURLToPath(new URL('..', import.meta.url));
const place = join(root, '.clients');
const stampFile = join(place, 'installed.json');
const constraints = join(root, 'scripts/clients/constraints.txt');
const fedpkgSource = join(root, 'scripts/clients/fedpkg.py');

interface Python {
  readonly file: string;
  readonly minor: number;
  readonly version: string;
  readonly lacks: readonly string[];
}

/** Told to people in a line or two, without a stack. */
class CannotInstall extends Error {
  override readonly name = 'CannotInstall';
}

const PROBE = `
import importlib.util, json, os, sys, sysconfig
lacks = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")): lacks.append("Python.h")
# Not that of a virtual environment, which may be removed.
file = os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])
print(json.dumps({"file": file if os.path.exists(file) else sys.executable, "minor": sys.version_info[1],
  "version": "%d.%d.%d" % sys.version_info[:3], "lacks": lacks}))
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { force: { type: 'boolean' }, python: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const wanted = await fingerprint();
  const isAnew = values.force === true || values.python !== undefined;
  if (!isAnew && (await isWhole(wanted))) {
    say(`nothing to do: ${await summary()}`);
    return;
  }
  await checkTools();
  const pythons = await findPythons(values.python);
  await rm(place, { recursive: true, force: true });
  await mkdir(join(place, 'bin'), { recursive: true });

  const main = await withRpm(pythons);
  const newer = pythons.find(({ minor }) => minor >= BODHI.needs);
  const bodhi = newer === undefined ? BODHI.older : BODHI.newest;
  const together = newer === undefined || main.minor >= BODHI.needs;
  say(
    bodhi === BODHI.newest
      ? `${bodhi}: the newest, for there is Python ${(together ? main : newer).version}`
      : `${bodhi}: the newest for Python ${main.version}; ${BODHI.newest} needs Python 3.${BODHI.needs}`,
  );
  say('gssapi, krb5 and cccolutils are built from source: two to four minutes where pip has not kept them');
  await install('packager', main, [KOJI, RPKG, ...(together ? [bodhi] : [])]);
  if (!together) {
    await makeVenv('bodhi', newer);
    await install('bodhi', newer, [bodhi]);
  }

  await symlink(inVenv('packager', 'koji'), join(place, 'bin/koji'));
  await symlink(inVenv(together ? 'packager' : 'bodhi', 'bodhi'), join(place, 'bin/bodhi'));
  const source = await readFile(fedpkgSource, 'utf8');
  await writeFile(
    join(place, 'bin/fedpkg'),
    source.replace(/^#!.*\n/, `#!${inVenv('packager', 'python')}\n`),
    { mode: 0o755 },
  );
  await tryOut();
  const about = `${KOJI}, fedpkg on ${RPKG} (Python ${main.version}), ${bodhi}${together ? '' : ` (Python ${newer.version})`}`;
  await writeFile(stampFile, `${JSON.stringify({ wanted, about: about.replaceAll('==', ' ') })}\n`);
  say(`installed: ${await summary()}`);
}

/** Of all that decides what is installed. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([root, KOJI, RPKG, BODHI]));
  for (const file of [constraints, fedpkgSource]) hash.update(await readFile(file));
  return hash.digest('hex');
}

async function isWhole(wanted: string): Promise<boolean> {
  try {
    const stamp = JSON.parse(await readFile(stampFile, 'utf8')) as { readonly wanted?: unknown };
    // The interpreter of a virtual environment is a link that may lead nowhere by now.
    const files = ['koji', 'bodhi', 'fedpkg'].map((name) => join(place, 'bin', name));
    for (const file of [...files, inVenv('packager', 'python')]) await access(file, constants.X_OK);
    return stamp.wanted === wanted;
  } catch {
    return false;
  }
}

async function summary(): Promise<string> {
  const { about } = JSON.parse(await readFile(stampFile, 'utf8')) as { readonly about: string };
  return `${about} in ${join(place, 'bin')}`;
}

async function checkTools(): Promise<void> {
  const needed = { gcc: 'gcc libc6-dev', 'krb5-config': 'libkrb5-dev', rpm: 'rpm', git: 'git' };
  const missing: string[] = [];
  for (const [tool, debian] of Object.entries(needed)) {
    if ((await execa('which', [tool], { reject: false })).exitCode !== 0) missing.push(debian);
  }
  if (missing.length > 0) throw lacking(missing.join(' '));
}

/** Interpreters that can make virtual environments and build for themselves, newest first. */
async function findPythons(only: string | undefined): Promise<readonly Python[]> {
  const probed: Python[] = [];
  for (const file of only === undefined ? await candidates() : [only]) {
    const { exitCode, stdout } = await execa(file, ['-c', PROBE], { reject: false, timeout: 20_000 });
    if (exitCode !== 0) continue;
    const python = JSON.parse(stdout) as Python;
    if (python.minor >= MINORS.from && python.minor <= MINORS.to) probed.push(python);
  }
  const unique = [...new Map(probed.map((python) => [python.file, python])).values()];
  const fit = unique.filter(({ lacks }) => lacks.length === 0).sort((a, b) => b.minor - a.minor);
  if (fit.length > 0) return fit;
  const [first] = unique;
  if (first !== undefined)
    throw lacking('python3-venv python3-dev', `${first.file} has no ${first.lacks[0]}`);
  throw new CannotInstall(
    `${only ?? 'this host'} is no Python 3.${MINORS.from} to 3.${MINORS.to}\nWhat to do: install one, or name it with --python FILE.`,
  );
}

async function candidates(): Promise<readonly string[]> {
  // biome-ignore lint/style/noProcessEnv: a script of its own has no composition root.
  const { PATH = '', PYENV_ROOT, HOME = '' } = process.env;
  const names = ['python3'];
  for (let minor = MINORS.to; minor >= MINORS.from; minor -= 1) names.unshift(`python3.${minor}`);
  const inPath = PATH.split(delimiter).flatMap((dir) => names.map((name) => join(dir, name)));
  const versions = join(PYENV_ROOT ?? join(HOME, '.pyenv'), 'versions');
  const ofPyenv = (await readdir(versions).catch(() => [])).map((dir) => join(versions, dir, 'bin/python3'));
  const files = new Set<string>();
  for (const file of [...inPath, ...ofPyenv]) {
    const real = await realpath(file).catch(() => undefined);
    // A shim of pyenv starts whichever version is chosen in this folder, or complains: the versions themselves come behind.
    if (real !== undefined && !real.includes('/shims/')) files.add(real);
  }
  return [...files];
}

/** The first that can load rpm's own module, in whose virtual environment rpkg then stands: before the minutes of building. */
async function withRpm(pythons: readonly Python[]): Promise<Python> {
  for (const python of pythons) {
    await makeVenv('packager', python);
    await pip('packager', [RPM_SHIM]);
    const { exitCode } = await execa(inVenv('packager', 'python'), ['-c', 'import rpm'], { reject: false });
    if (exitCode === 0) return python;
    say(`Python ${python.version} cannot load rpm's module`);
  }
  throw lacking('python3-rpm', "rpkg needs rpm's module for Python");
}

async function makeVenv(name: string, { file, version }: Python): Promise<void> {
  say(`making ${join(place, name)} with Python ${version} (${file})`);
  await rm(join(place, name), { recursive: true, force: true });
  const { exitCode, all } = await execa(file, ['-m', 'venv', join(place, name)], {
    reject: false,
    all: true,
  });
  if (exitCode !== 0) throw lacking('python3-venv', `${file} -m venv failed: ${all}`);
}

async function install(name: string, { version }: Python, packages: readonly string[]): Promise<void> {
  say(`installing ${packages.join(', ')} for Python ${version}`);
  await pip(name, packages);
}

async function pip(name: string, packages: readonly string[]): Promise<void> {
  const quiet = ['--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
  const running = execa(
    inVenv(name, 'python'),
    ['-m', 'pip', 'install', ...quiet, '-c', constraints, ...packages],
    { reject: false, all: true },
  );
  const lines: string[] = [];
  for await (const line of running.iterable({ from: 'all' })) {
    lines.push(line);
    if (/^\s*(Building wheel for \S+ .*: (started|finished)|Installing collected)/.test(line)) {
      say(`  ${line.trim().slice(0, 100)}`);
    }
  }
  const { exitCode } = await running;
  if (exitCode === 0) return;
  throw new CannotInstall(
    `pip failed:\n${lines.slice(-25).join('\n')}\nWhat to do: what is built from source needs ${PACKAGES}.`,
  );
}

/** Each says its version, or at least how it is used: a module that cannot be loaded shows here. */
async function tryOut(): Promise<void> {
  for (const [name, argument] of [
    ['koji', '--help'],
    ['bodhi', '--version'],
    ['fedpkg', '--version'],
  ] as const) {
    const args = name === 'fedpkg' ? ['-C', '/dev/null', argument] : [argument];
    const { exitCode, all } = await execa(join(place, 'bin', name), args, { reject: false, all: true });
    if (exitCode !== 0) throw new CannotInstall(`${name} was installed and does not work:\n${all}`);
  }
}

function inVenv(name: string, program: string): string {
  return join(place, name, 'bin', program);
}

function lacking(packages: string, why = 'something of this host is missing'): CannotInstall {
  return new CannotInstall(
    `${why}\nWhat to do: apt-get install ${packages}   (all that is needed: ${PACKAGES})`,
  );
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  const isMisused =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof CannotInstall) && !isMisused) throw error;
  say(`error: ${error.message}${isMisused ? `\n\n${USAGE}` : ''}`);
  process.exitCode = isMisused ? 2 : 1;
}
