import type { WorldRelease } from '../kit/world.ts';
import { type Policy, type Rule, type TestRule, testRule } from './policy.ts';

const BASES = ['bodhi_update_push_testing', 'bodhi_update_push_stable'];

/** Groups of the critical path, each with a decision context of its own. `core` has lost its prefix on the way. */
const GROUPS = [
  'anaconda',
  'apps',
  'base',
  'build',
  'compose',
  'coreos',
  'deepin-desktop',
  'gnome',
  'kde',
  'lxde',
  'lxqt',
  'server',
  'standard',
  'xfce',
];

const PLAIN = [''];
const UNGROUPED = ['_critpath'];
const CORE = ['_core_critpath'];

const groups = (...names: readonly string[]) => names.map((name) => `_critical-path-${name}_critpath`);

/** Contexts of both pushes with these endings. */
const contexts = (...endings: readonly (readonly string[])[]) =>
  BASES.flatMap((base) => endings.flat().map((ending) => base + ending));

/** The same tests in each of some scenarios. */
const tests = (scenarios: readonly string[], names: string): readonly TestRule[] =>
  names
    .split(' ')
    .flatMap((name) => scenarios.map((scenario) => testRule(`update.${name}`, `fedora.updates-${scenario}`)));

const X86 = 'x86_64.64bit';
const DESKTOP =
  'base_reboot_unmount base_selinux base_service_manipulation base_services_start base_system_logging base_update_cli desktop_browser desktop_printing desktop_terminal desktop_update_graphical';

const SERVER: readonly TestRule[] = [
  ...tests(
    [`server.${X86}`, 'server.aarch64.aarch64'],
    'advisory_boot base_reboot_unmount base_selinux base_service_manipulation base_services_start base_system_logging base_update_cli',
  ),
  ...tests(
    [`server.${X86}`],
    'realmd_join_cockpit realmd_join_cockpit_ad realmd_join_sssd realmd_join_sssd_ad server_cockpit_basic server_cockpit_default server_cockpit_updates server_database_client',
  ),
  ...tests([`server.${X86}`, 'server.aarch64.aarch64'], 'server_firewall_default'),
  ...tests(
    [`server.${X86}`],
    'server_freeipa_replication_client server_freeipa_replication_master server_freeipa_replication_replica server_remote_logging_client server_remote_logging_server server_role_deploy_database_server server_role_deploy_domain_controller server_samba_domain_controller',
  ),
];

/** Tests of a Rawhide compose, by medium. */
const COMPOSE: readonly TestRule[] = Object.entries({
  'Cloud_Base-qcow2-qcow2.x86_64.64bit': 'cloud_autocloud',
  'Everything-boot-iso.x86_64.64bit': 'install_default',
  'Everything-boot-iso.x86_64.bios': 'install_default',
  'KDE-live-iso.x86_64.64bit':
    'base_system_logging base_update_cli desktop_browser desktop_terminal install_default_upload install_no_user',
  'KDE-live-iso.x86_64.bios': 'install_default',
  'Server-boot-iso.x86_64.64bit': 'install_default',
  'Server-boot-iso.x86_64.bios': 'install_default',
  'Server-dvd-iso.x86_64.64bit':
    'base_system_logging base_update_cli install_anaconda_text install_default_upload install_delete_pata install_kickstart_firewall_configured install_kickstart_firewall_disabled install_kickstart_user_creation install_mirrorlist_graphical install_multi install_repository_http_graphical install_repository_http_variation install_sata install_scsi_updates_img realmd_join_sssd server_cockpit_default server_database_client server_firewall_default server_realmd_join_kickstart server_role_deploy_database_server server_role_deploy_domain_controller',
  'Server-dvd-iso.x86_64.bios': 'install_default install_delete_pata install_multi install_sata',
  'Workstation-live-iso.x86_64.64bit':
    'base_system_logging base_update_cli desktop_browser desktop_terminal install_default_upload',
  'Workstation-live-iso.x86_64.bios': 'install_default',
})
  .flatMap(([medium, names]) =>
    names.split(' ').map((name) => testRule(`compose.${name}`, `fedora.${medium}`)),
  )
  .sort((a, b) => composeRank(a.testCase).localeCompare(composeRank(b.testCase)));

/** The list is ordered by test, but for the one of the cloud, which leads. */
function composeRank(testCase: string): string {
  return testCase === 'compose.cloud_autocloud' ? '' : testCase;
}

/** The policies that Fedora gives its Greenwave, for the releases of the world. They add up: all that match apply. */
export function fedoraPolicies(releases: readonly WorldRelease[]): readonly Policy[] {
  const fedora = releases.filter(
    ({ id_prefix, state }) => id_prefix === 'FEDORA' && !['disabled', 'archived'].includes(state),
  );
  const numbers = [...new Set(fedora.map(({ version }) => Number(version)))].sort((a, b) => b - a);
  const currents = fedora.filter(({ state }) => state === 'current').map(({ version }) => Number(version));
  const all = numbers.map((number) => `fedora-${number}`);
  const butOldest = all.length > 1 ? all.slice(0, -1) : all;
  const sinceCurrent = numbers
    .filter((number) => number >= Math.max(...currents, 0))
    .map((number) => `fedora-${number}`);

  const policy = (
    id: string,
    subjectType: string,
    productVersions: readonly string[],
    decisionContexts: readonly string[],
    rules: readonly Rule[],
  ): Policy => ({
    id,
    productVersions,
    decisionContext: null,
    decisionContexts,
    subjectType,
    rules,
    excludedPackages: [],
    packages: [],
    source: null,
  });
  const openqa = (
    name: string,
    endings: readonly (readonly string[])[],
    rules: readonly Rule[],
    versions: readonly string[] = all,
  ) => policy(`bodhiupdate_bodhipush_openqa_${name}`, 'bodhi_update', versions, contexts(...endings), rules);

  const every = contexts(PLAIN, UNGROUPED, CORE, groups(...GROUPS));
  const central = [UNGROUPED, CORE, groups('base')];
  const workstation = [...central, groups('gnome')];
  const kde = [...central, groups('kde', 'standard')];
  const server = [...central, groups('server', 'standard')];
  const images = groups('anaconda', 'compose');
  return [
    policy('kojibuild_bodhipush_no_requirements', 'koji_build', ['fedora-*'], every, []),
    policy('bodhiupdate_bodhipush_no_requirements', 'bodhi_update', ['fedora-*'], every, []),
    policy('kojibuild_bodhipush_remoterule', 'koji_build', all, contexts(PLAIN, UNGROUPED), [
      { kind: 'RemoteRule', required: false, sources: [] },
    ]),
    openqa('core', central, [
      ...tests([`container.${X86}`], 'kiwi_build'),
      ...tests([`container.${X86}`, 'container.aarch64.aarch64'], 'podman podman_client'),
    ]),
    openqa(
      'netinst',
      [...central, images],
      [
        ...tests(
          [`everything-boot-iso.${X86}`, 'everything-boot-iso.x86_64.bios'],
          'install_default_update_netinst',
        ),
        ...tests([`everything-boot-iso.${X86}`], 'installer_build'),
      ],
    ),
    openqa(
      'apps',
      [groups('apps')],
      [
        ...tests([`workstation.${X86}`, `kde.${X86}`], 'desktop_browser'),
        ...tests(
          [`server.${X86}`],
          'server_cockpit_default server_cockpit_basic server_cockpit_updates realmd_join_cockpit',
        ),
      ],
    ),
    openqa('workstation', workstation, tests([`workstation.${X86}`], DESKTOP)),
    openqa('workstation_background', workstation, tests([`workstation.${X86}`], 'desktop_background')),
    openqa(
      'workstation_live',
      [...workstation, images],
      tests(
        [`workstation-live-iso.${X86}`, 'workstation-live-iso.x86_64.bios'],
        'install_default_update_live',
      ),
    ),
    openqa('kde', kde, tests([`kde.${X86}`], DESKTOP)),
    openqa('kde_background', kde, tests([`kde.${X86}`], 'desktop_background')),
    openqa(
      'kde_live',
      [...kde, images],
      tests([`kde-live-iso.${X86}`, 'kde-live-iso.x86_64.bios'], 'install_default_update_live'),
    ),
    openqa('server', server, SERVER),
    openqa(
      'upgrade_server',
      server,
      tests([`server-upgrade.${X86}`], 'upgrade_realmd_client upgrade_server_domain_controller'),
      butOldest,
    ),
    openqa(
      'upgrade_workstation',
      workstation,
      tests([`workstation-upgrade.${X86}`], 'upgrade_desktop_encrypted_64bit'),
      butOldest,
    ),
    policy('bodhiupdate_bodhipush_coreos', 'bodhi_update', sinceCurrent, contexts(groups('coreos')), [
      testRule('coreos.cosa.build-and-test'),
    ]),
    {
      ...policy('compose_sync_requiredtests', 'compose', ['fedora-rawhide'], [], COMPOSE),
      decisionContext: 'rawhide_compose_sync_to_mirrors',
    },
  ];
}
