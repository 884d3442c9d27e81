import { existsSync } from 'node:fs';
import { appendFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Scenario } from '../core/scenario.ts';
import { openBodhi } from './bodhi/bodhi.ts';
import { openCi } from './ci/open-ci.ts';
import { openControl } from './control/control.ts';
import { openDatagrepper } from './datagrepper/datagrepper.ts';
import { openDistGit } from './dist-git/dist-git.ts';
import { environmentOf } from './environment.ts';
import { discoverFaults } from './faults/declared.ts';
import { faultBoard } from './faults/fault-board.ts';
import { type ClientFiles, realmOf, type SandboxUrls, writeClientFiles } from './files.ts';
import { openGreenwave } from './greenwave/open-greenwave.ts';
import { type HeldClock, heldClock } from './kit/clock.ts';
import { makeFolder } from './kit/folder.ts';
import type { OpenSystem } from './kit/kit.ts';
import { type OpenKit, openKit } from './kit/open-kit.ts';
import { defaultWorld, type Others, type World } from './kit/world.ts';
import { openKoji } from './koji/koji.ts';
import { openLookaside } from './lookaside/lookaside.ts';
import { openResultsdb } from './resultsdb/open-resultsdb.ts';
import { playScenario, startOf, worldOf } from './scenario.ts';
import { openSigning } from './signing/signing.ts';
import { writeCommands } from './stand-ins/commands.ts';
import { faultyRealm, writeRealm } from './stand-ins/krb/realm.ts';
import type { StandInName } from './stand-ins/stand-ins.ts';
import { openWaiverdb } from './waiverdb/open-waiverdb.ts';
import { Inside } from './weather/inside.ts';
import { inventOthers } from './weather/others.ts';
import { othersSources } from './weather/sources.ts';
import { bodhiWay, ciWay, greenwaveWay } from './weather/ways.ts';
import { startWeather } from './weather/weather.ts';

export interface SandboxOptions {
  /** Made, and removed at the end; a folder that holds anything is refused. */
  readonly dir: string;
  /** Sandbox seconds in one real second, at most 300. @defaultValue 60 */
  readonly speed?: number;
  /** What the clock shows at the start, epoch ms. @defaultValue Tuesday 2026-11-17T08:00:00Z */
  readonly epoch?: number;
  /** All draws follow from it. @defaultValue `1` */
  readonly seed?: string;
  readonly standIns?: {
    /** Where the packager's commands are written, absolute. @defaultValue `bin` in the sandbox's folder */
    readonly path?: string;
    /** Which of them. @defaultValue all */
    readonly names?: readonly StandInName[];
    /** Real programs that a command runs instead of its stand-in, by name; absolute. */
    readonly programs?: Readonly<Partial<Record<StandInName, string>>>;
    /** Whether `fedpkg clone` leaves out the hook that checks a push; it needs spectool. @defaultValue false */
    readonly skipHooks?: boolean;
  };
  /** @defaultValue Fedora on a Tuesday morning */
  readonly world?: World;
  /** What happens in it; its start and releases are taken where they are not given here. @defaultValue nothing */
  readonly scenario?: Scenario;
  /** Other people who build and update in it. @defaultValue 0 */
  readonly packagers?: number;
  /** Leaves the clock standing at its epoch: whoever opened the sandbox moves it. @defaultValue false */
  readonly held?: boolean;
  /** Names of the faults that are on from the start. @defaultValue none */
  readonly faults?: readonly string[];
  /** Told of what goes wrong inside. @defaultValue a warning of the process */
  readonly trouble?: (where: string, error: unknown) => void;
}

export interface Sandbox extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` of the control port. */
  readonly controlUrl: string;
  readonly urls: SandboxUrls;
  /** Content of the environment file, as `GET /environment` gives it. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Resolves when somebody asked the control port to stop; whoever opened the sandbox then closes it. */
  readonly stopped: Promise<void>;
  readonly kit: OpenKit;
  readonly clock: HeldClock;
}

/** The fastest at which commands of the host still keep step. */
const MOST_SPEED = 300;
const DEFAULT_SPEED = 60;
/** A Tuesday: no weekly or nightly rule of the distribution is near. */
const DEFAULT_EPOCH = Date.UTC(2026, 10, 17, 8);

/** So long others have been at work when the sandbox begins: it has a past to look back at. The more they are, the shorter: to start takes seconds. */
const HISTORY_DAYS = { least: 1 / 3, most: 3, ofPackagers: 900 };
/** People whose packages are rebuilt where nobody else is at work. */
const SLEEPERS = 60;

/** A small distribution on loopback, every system over its real protocol. Closing it leaves nothing. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { speed = DEFAULT_SPEED, seed = '1', scenario, packagers = 0 } = options;
  const { epoch = startOf(scenario) ?? DEFAULT_EPOCH } = options;
  const land = options.world ?? (scenario === undefined ? defaultWorld() : worldOf(scenario, defaultWorld()));
  if (!(speed > 0 && speed <= MOST_SPEED)) {
    throw new Error(`the sandbox's speed is above 0 and at most ${MOST_SPEED}, not ${speed}`);
  }
  const trouble = options.trouble ?? warn;
  const dir = resolve(options.dir);
  await using stack = new AsyncDisposableStack();
  await makeFolder(dir);
  if ((await readdir(dir)).length > 0) throw new Error(`the sandbox's folder ${dir} is not empty`);
  stack.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));

  const opened = async <System extends Pick<OpenSystem, 'close'>>(
    system: Promise<System>,
  ): Promise<System> => {
    const open = await system;
    stack.defer(() => open.close());
    return open;
  };
  const peopled = packagers > 0 || rebuilds(scenario);
  const world = peopled ? { ...land, others: peopleOf(packagers, seed) } : land;
  const clock = heldClock({ epoch, speed, from: epoch - historyOf(packagers), trouble });
  stack.defer(() => clock.close());
  const kit = openKit({ clock, world, dir, seed, trouble });
  const inside = new Inside(kit);

  const distGit = await opened(openDistGit(kit));
  const lookaside = await opened(openLookaside(kit, { has: distGit.port.has }));
  const sources = othersSources(world, distGit.port);
  const koji = await opened(
    openKoji(kit, {
      distGit: sources,
      lookaside: lookaside.port,
      messageOf: distGit.messageOf,
      resolve: distGit.resolve,
      askGit: distGit.askGit,
      scmHosts: [new URL(distGit.url).host],
    }),
  );
  openSigning(kit, koji.port);
  const resultsdb = await opened(openResultsdb(kit));
  const resultsdbUrl = resultsdb.url;
  const waiverdb = await opened(openWaiverdb(kit, { resultsdbUrl }));
  const waiverdbUrl = waiverdb.url;
  const greenwave = await opened(
    openGreenwave(kit, {
      resultsdbUrl,
      waiverdbUrl,
      koji: koji.port,
      distGit: sources,
      inside: greenwaveWay(inside),
      distGitUrl: distGit.url,
      kojiUrl: `${koji.url}/kojihub`,
    }),
  );
  await opened(openCi(kit, { resultsdbUrl, inside: ciWay(inside) }));
  const bodhi = await opened(
    openBodhi(kit, {
      koji: koji.port,
      distGit: sources,
      greenwaveUrl: () => greenwave.url,
      waiverdbUrl: () => waiverdb.url,
      inside: bodhiWay(inside),
    }),
  );
  const datagrepper = await opened(openDatagrepper(kit));
  for (const [name, system] of Object.entries({ resultsdb, waiverdb, greenwave })) inside.join(name, system);
  const weather = startWeather(kit, {
    koji: koji.inside,
    bodhi: bodhi.inside,
    resultsdb,
    sources,
    distGitUrl: distGit.url,
  });
  await clock.runTo(epoch);
  if (options.held !== true) clock.release();

  const urls: SandboxUrls = {
    'dist-git': distGit.url,
    lookaside: lookaside.url,
    koji: koji.url,
    resultsdb: resultsdb.url,
    waiverdb: waiverdb.url,
    greenwave: greenwave.url,
    bodhi: bodhi.url,
    id_provider: bodhi.idpUrl,
    datagrepper: datagrepper.url,
  };
  const files = await writeClientFiles(dir, world, urls, options.standIns);
  const commands = await writeStandIns(options.standIns, { dir, world, files, stack });
  const environment = environmentOf({ clock, world, urls, files, commands: [commands] });
  await writeFile(join(dir, 'environment.yaml'), stringify(environment));
  const faults = faultBoard(kit, await discoverFaults());
  kit.onSwitch(() => {
    writeRealm(files.realm, faultyRealm(realmOf(world), kit.hooks.rule('fas.kdc', world.realm)));
  });
  for (const name of options.faults ?? []) {
    if (!(await faults.turn(name, true))) throw new Error(`the sandbox has no fault ${name}`);
  }
  if (scenario !== undefined) {
    playScenario(scenario, { clock, faults, rebuild: weather.rebuild, trouble });
  }
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const control = await opened(
    openControl(kit, { environment: () => environment, urls: () => ({ ...urls }), faults, stop }),
  );
  // For those who want to break it later: `env.sh` says it to a shell, the file to whoever finds the folder.
  await appendFile(join(dir, 'env.sh'), `export PACKPROBE_SANDBOX="${control.url}"\n`);
  await writeFile(join(dir, 'control'), `${control.url}\n`);
  // Closed last and first: here, so that no rule acts any more while the systems close.
  stack.defer(() => clock.close());
  const whole = stack.move();
  return {
    controlUrl: control.url,
    urls,
    environment,
    stopped,
    kit,
    clock,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

function rebuilds(scenario: Scenario | undefined): boolean {
  return scenario?.events.some((event) => 'mass_rebuild' in event) === true;
}

/** Sandbox ms. */
function historyOf(packagers: number): number {
  if (packagers === 0) return 0;
  const { least, most, ofPackagers } = HISTORY_DAYS;
  return 86_400_000 * Math.max(least, Math.min(most, ofPackagers / packagers));
}

function peopleOf(packagers: number, seed: string): Others {
  return packagers > 0 ? inventOthers(packagers, seed) : { ...inventOthers(SLEEPERS, seed), people: [] };
}

interface Place {
  readonly dir: string;
  readonly world: World;
  readonly files: ClientFiles;
  readonly stack: AsyncDisposableStack;
}

async function writeStandIns(
  { path, ...which }: NonNullable<SandboxOptions['standIns']> = {},
  { dir, world, files, stack }: Place,
): Promise<string> {
  const folder = path ?? join(dir, 'bin');
  const password = world.users.find(({ name }) => name === world.packager)?.password ?? '';
  const isNew = !existsSync(folder);
  await writeCommands(folder, {
    user: world.packager,
    password,
    fedpkgConfig: files.fedpkgConfig,
    realmFile: files.realm,
    ...which,
  });
  if (isNew) stack.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function warn(where: string, error: unknown): void {
  process.emitWarning(
    `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    {
      type: 'SandboxTrouble',
    },
  );
}
