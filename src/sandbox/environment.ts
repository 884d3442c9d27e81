import type { ClientFiles, SandboxUrls } from './files.ts';
import type { SandboxClock } from './kit/clock.ts';
import type { World } from './kit/world.ts';

interface EnvironmentOptions {
  readonly clock: SandboxClock;
  readonly world: World;
  readonly urls: SandboxUrls;
  readonly files: ClientFiles;
  /** Folders of the packager's commands. */
  readonly commands: readonly string[];
}

/** Pause between two looks, in sandbox time: at the usual speed a look every sixth of a second. */
const POLL = '10s';

/** The environment file of a sandbox, as it is written before it is read. */
export function environmentOf({
  clock,
  world,
  urls,
  files,
  commands,
}: EnvironmentOptions): Record<string, unknown> {
  const testedWell = world.packages.filter(({ test, build }) => test === 'PASSED' && build === 'good');
  const waive = world.packages.find(({ test, build }) => test === 'FAILED' && build === 'good');
  const [single, ...multi] = testedWell.map(({ name }) => name);
  return {
    name: 'sandbox',
    clock: { epoch: clock.epoch, start: clock.start, speed: clock.speed },
    systems: {
      fas: {},
      'dist-git': { url: urls['dist-git'], namespace: 'rpms', client: 'fedpkg' },
      lookaside: { url: `${urls.lookaside}/repo/pkgs` },
      koji: {
        url: `${urls.koji}/kojihub`,
        web: `${urls.koji}/koji`,
        profile: 'koji',
        auth: 'password',
        poll: POLL,
      },
      signing: { user: 'autopen' },
      bodhi: { url: urls.bodhi, id_provider: urls.id_provider, poll: POLL },
      ci: { tests: [...world.tests] },
      resultsdb: { url: `${urls.resultsdb}/api/v2.0`, poll: POLL },
      greenwave: { url: `${urls.greenwave}/api/v1.0`, poll: POLL },
      waiverdb: { url: `${urls.waiverdb}/api/v1.0`, poll: POLL },
      messaging: { topic_prefix: `org.fedoraproject.${world.stage}` },
      datagrepper: { url: `${urls.datagrepper}/v2`, poll: POLL },
    },
    identity: {
      user: world.packager,
      principal: `${world.packager}@${world.realm}`,
      keytab: { file: files.keytab },
    },
    packages: {
      ...(single === undefined ? {} : { single }),
      ...(multi.length > 0 ? { multi: multi.slice(0, 2) } : {}),
      ...(waive === undefined ? {} : { waive: waive.name }),
    },
    commands: { path: [...commands] },
    contact: 'http://127.0.0.1/',
  };
}
